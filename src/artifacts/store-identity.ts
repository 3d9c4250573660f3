// Whether this process has the artifact store that belongs to the database. Both know the store's id; a folder that is another
// one, or is not mounted, is told at boot and not in the middle of a job.
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { CONFIG } from '#src/config/config.module.js';
import { ConfigError, type Config } from '#src/config/config.js';
import { ArtifactStore } from './artifact-store.js';
import { ArtifactsRepository } from './artifacts.repository.js';

/** Number of contents looked for in a store without a marker; finding one identifies the store. */
const looked = 20;

@Injectable()
export class StoreIdentity implements OnModuleInit {
  private readonly logger = new Logger('Artifacts');

  constructor(
    private readonly store: ArtifactStore,
    private readonly artifacts: ArtifactsRepository,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws ConfigError, which keeps the process from booting */
  async onModuleInit(): Promise<void> {
    const found = await this.store.marker();
    const known = await this.artifacts.storeId(found ?? newId());
    if (found === known) return;
    if (found !== undefined) throw this.refusal(known, `it belongs to another database, ${found}`);
    // New, or from before there were markers.
    const recent = await this.artifacts.recentContents(looked);
    const there = await Promise.all(recent.map((sha256) => this.store.exists(sha256)));
    if (recent.length > 0 && !there.includes(true)) throw this.refusal(known, 'it has no marker and none of the files that the database names');
    const marked = await this.store.mark(known);
    if (marked !== known) throw this.refusal(known, `it belongs to another database, ${marked}`);
    this.logger.log(`the artifact store ${this.config.artifactsDir} is marked as ${known}`);
  }

  private refusal(known: string, why: string): ConfigError {
    const { artifactsDir } = this.config;
    return new ConfigError([
      `ARTIFACTS_DIR ${artifactsDir} is not the artifact store of this database, ${known}: ${why}. ` +
        'All processes need the same store: set ARTIFACTS_DIR to it, mount it, or share it between hosts. ' +
        `If its files are lost for good, go on without them: echo ${known} > ${artifactsDir}/store-id`,
    ]);
  }
}
