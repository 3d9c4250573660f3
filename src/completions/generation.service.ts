import { Injectable } from '@nestjs/common';
import { JobFailure } from '#src/jobs/job-failure.js';
import type { GenerationControl } from '#src/lm/generate.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { PolicyGenerator, PromptTooLongError, type GeneratedCompletion, type PromptText } from './policy-generator.js';
import type { Sampling } from './sampling.js';

/** Lets a policy version answer prompts, for whichever job wants answers. Worker processes only. */
@Injectable()
export class GenerationService {
  constructor(private readonly versions: PolicyVersionsService) {}

  /** Loads the version once for `use`, and frees it afterwards. */
  async withGenerator<R>(policyVersionId: string, use: (generator: PolicyGenerator) => Promise<R>): Promise<R> {
    const generator = new PolicyGenerator(await this.versions.loadCheckpoint(policyVersionId));
    try {
      return await use(generator);
    } catch (error) {
      if (error instanceof PromptTooLongError) throw new JobFailure('prompt_too_long', error.message);
      throw error;
    } finally {
      await generator.dispose();
    }
  }

  /**
   * `sampling.n` completions of every prompt, by prompt in the order given.
   *
   * @throws JobFailure `prompt_too_long`
   */
  generateForPrompts(
    policyVersionId: string,
    prompts: readonly PromptText[],
    sampling: Sampling,
    control?: GenerationControl,
  ): Promise<GeneratedCompletion[]> {
    return this.withGenerator(policyVersionId, (generator) => generator.generate(prompts, sampling, control));
  }
}
