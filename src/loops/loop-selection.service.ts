import { Injectable } from '@nestjs/common';
import { LoopsRepository } from './loops.repository.js';
import type { StageResult, StageTask } from './stage.js';

/** Chooses the prompts whose answers people rate. */
@Injectable()
export class LoopSelectionService {
  constructor(private readonly loops: LoopsRepository) {}

  /** The ensemble whose disagreement chooses; null while there is none, or where chance chooses. */
  async committee({ tx, loop, iteration }: StageTask): Promise<string | null> {
    if (loop.config.generation.selection === 'random') return null;
    return this.loops.lastRewardModelId(tx, loop.id, iteration.number);
  }

  async select({ iteration, loop }: StageTask): Promise<StageResult> {
    await Promise.resolve();
    const chosen = loop.config.generation.prompts;
    const selection = { by: 'random', candidates: chosen, chosen, meanDisagreement: null, chosenDisagreement: null } as const;
    return { iteration: { ratedPromptSetId: iteration.promptSetId }, figures: { selection } };
  }
}
