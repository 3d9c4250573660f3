// How far a training has come, in the artifact store: any worker that reaches the store can take it up, and comes to
// the same bits. A row names the content by its sha256 once it is safely on disk, so that a save is there whole or
// not at all; a content that was lost or damaged since is passed over for the one before it.
import { Injectable, Logger } from '@nestjs/common';
import { Database } from '#src/database/database.js';
import { HashingSource } from '#src/lm/files/byte-source.js';
import { progressFile, progressOf } from '#src/lm/files/progress-file.js';
import { readSafetensorsFrom, SafetensorsError, type SafetensorsFile } from '#src/lm/files/safetensors.js';
import type { SavedProgress } from '#src/lm/files/training-progress.js';
import { ArtifactStore, ContentMissingError, inTurn } from './artifact-store.js';
import { ContentsService } from './contents.service.js';
import type { RunSave } from './run-save.entity.js';
import { RunSavesRepository } from './run-saves.repository.js';

/** The latest save, and the one before in case the latest cannot be read. */
const savesKept = 2;

@Injectable()
export class RunProgressStore {
  private readonly logger = new Logger('RunProgress');

  constructor(
    private readonly database: Database,
    private readonly store: ArtifactStore,
    private readonly contents: ContentsService,
    private readonly saves: RunSavesRepository,
  ) {}

  async save<P extends SavedProgress>(ownerId: string, progress: P): Promise<void> {
    const { chunks } = progressFile(ownerId, progress);
    const { claimId, ...stored } = await this.contents.put(inTurn(chunks));
    const save = { ownerId, step: progress.step, ...stored };
    await this.contents.remove(await this.database.transaction(async (tx) => {
      const forgotten = await this.saves.add(tx, save, savesKept);
      await this.contents.settle(tx, [{ ...stored, claimId }]);
      await this.contents.abandon(tx, forgotten);
      return forgotten;
    }));
  }

  /** The last readable save of the same kind of training. */
  async load<P extends SavedProgress>(ownerId: string): Promise<P | undefined> {
    for (const save of await this.saves.list(ownerId)) {
      const progress = await this.read<P>(save);
      if (progress) return progress;
    }
    return undefined;
  }

  /** Once the training has its result. */
  async remove(ownerId: string): Promise<void> {
    await this.contents.remove(await this.database.transaction(async (tx) => {
      const forgotten = await this.saves.remove(tx, ownerId);
      await this.contents.abandon(tx, forgotten);
      return forgotten;
    }));
  }

  /** Tensor by tensor, hashed on the way: a save may be larger than what can be read at once. */
  private async read<P extends SavedProgress>({ ownerId, step, sha256: expected }: RunSave): Promise<P | undefined> {
    try {
      const file = await this.verified(expected);
      if (file) return progressOf<P>(ownerId, file);
      this.logger.warn(`the save of ${ownerId} after step ${step} is damaged`);
    } catch (error) {
      // Missing: it was made on a machine with a folder of its own.
      if (!(error instanceof ContentMissingError || error instanceof SafetensorsError)) throw error;
      this.logger.warn(`the save of ${ownerId} after step ${step} cannot be used: ${error.message}`);
    }
    return undefined;
  }

  /** Undefined when the content is another than expected. */
  private async verified(expected: string): Promise<SafetensorsFile | undefined> {
    const source = await this.store.source(expected);
    try {
      const hashing = new HashingSource(source);
      const file = await readSafetensorsFrom(hashing);
      return hashing.digest() === expected ? file : undefined;
    } finally {
      await source.close();
    }
  }
}
