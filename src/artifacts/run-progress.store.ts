import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { readSafetensors, writeSafetensors } from '#src/lm/safetensors.js';
import { i64 } from '#src/nn/tensor.js';
import type { SavedProgress } from '#src/lm/training-progress.js';

/**
 * How far a run has come, in one file of this machine: weights, optimizer moments, step and curve. A run that is
 * taken up here goes on from it; taken up elsewhere it starts over. Both come to the same bits.
 */
@Injectable()
export class RunProgressStore {
  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'dataDir'>) {}

  /** Whole or not at all: a crash while writing leaves the file before. */
  async save<P extends SavedProgress>(runId: string, { state, ...facts }: P): Promise<void> {
    const { step: optimizerStep, ...tensors } = state;
    // JSON keeps every bit of a double.
    const text = JSON.stringify({ optimizerStep: Number(optimizerStep.data[0]), facts });
    const path = this.path(runId);
    await mkdir(this.folder, { recursive: true });
    await writeFile(`${path}.part`, writeSafetensors(tensors, { metadata: { facts: text } }));
    await rename(`${path}.part`, path);
  }

  /** What `save` of the same kind of run was given. */
  async load<P extends SavedProgress>(runId: string): Promise<P | undefined> {
    const bytes = await readFile(this.path(runId)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!bytes) return undefined;
    const { tensors, metadata } = readSafetensors(bytes);
    const { optimizerStep, facts } = JSON.parse(metadata.facts) as { optimizerStep: number; facts: Omit<P, 'state'> };
    return { ...facts, state: { ...tensors, step: i64([optimizerStep], []) } } as unknown as P;
  }

  async remove(runId: string): Promise<void> {
    await rm(this.path(runId), { force: true });
  }

  private get folder(): string {
    return join(this.config.dataDir, 'training');
  }

  private path(runId: string): string {
    return join(this.folder, `${runId}.safetensors`);
  }
}
