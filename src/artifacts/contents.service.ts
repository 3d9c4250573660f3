// Bytes and the rows that refer to them. Bytes are stored before their row and deleted after it; in between, a claim protects them. Two
// runs with the same seed store the same bits: one may delete what the other has just stored.
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import { ArtifactStore, type StoredContent } from './artifact-store.js';
import { ContentsRepository } from './contents.repository.js';

/** In the store and not yet in a row. */
export interface ClaimedContent extends StoredContent {
  claimId: string;
}

/** Longer than the files of any model take to be written. */
const claimSeconds = 6 * 3600;
const sweepEveryMs = 600_000;
const sweptAtOnce = 100;
/** Age at which a partial file counts as left by a dead process. */
const abandonedAfterMs = 3_600_000;

@Injectable()
export class ContentsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Contents');
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: ArtifactStore,
    private readonly rows: ContentsRepository,
  ) {}

  onApplicationBootstrap(): void {
    const sweep = (): void => {
      this.sweeping = this.sweep().catch((error: Error) => this.logger.warn(`unreferenced files in the artifact store were not removed: ${error.message}`));
    };
    this.timer = setInterval(sweep, sweepEveryMs);
    sweep();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.sweeping;
  }

  /** Stores a content for a row that is still to come. @throws ContentMismatchError */
  async put(content: AsyncIterable<Uint8Array>, expectedSha256?: string): Promise<ClaimedContent> {
    let claimId = '';
    const stored = await this.store.put(content, {
      expectedSha256,
      beforePublishing: async ({ sha256 }) => {
        claimId = await this.rows.claim(sha256, claimSeconds);
      },
    });
    return { ...stored, claimId };
  }

  /** In the transaction that writes the rows. */
  settle(tx: Transaction, contents: readonly ClaimedContent[]): Promise<void> {
    return this.rows.settle(tx, contents.map(({ claimId }) => claimId));
  }

  /** In the transaction that takes the rows back; `remove` follows it, and where it does not, the sweep does. */
  abandon(tx: Transaction, contents: readonly string[]): Promise<void> {
    return this.rows.abandon(tx, contents);
  }

  /** Deletes unreferenced and unclaimed contents. */
  async remove(contents: readonly string[]): Promise<void> {
    for (const sha256 of contents) await this.rows.removing(sha256, () => this.store.remove(sha256));
  }

  /** Removes what dead processes left behind. */
  async sweep(): Promise<void> {
    await this.store.sweepUnfinished(abandonedAfterMs);
    for (let contents = await this.rows.over(sweptAtOnce); contents.length > 0; contents = await this.rows.over(sweptAtOnce)) {
      await this.remove(contents);
      if (!this.timer) return;
    }
  }
}
