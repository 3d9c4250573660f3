import { PromptTooLongError } from '#src/lm/decode/generate.js';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import type { WeightFormat } from '#src/lm/files/weight-formats.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import type { CompletionSource, SourceControl, WrittenCompletion } from './completion-source.js';
import { EndpointError } from './endpoint-error.js';
import { EndpointGenerator } from './endpoint-generator.js';
import type { AskedPrompt } from '#src/common/conversation.js';
import { PolicyGenerator } from './policy-generator.js';
import type { Sampling } from './sampling.js';

/** Generates completions of a policy version for any job. Worker processes only. */
@Injectable()
export class GenerationService {
  constructor(
    private readonly versions: PolicyVersionsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Loads the version once for `use`, and frees it afterwards.
   *
   * @param weights in which it writes; as they are when left out, and those of an endpoint always
   *
   * @throws JobFailure `prompt_too_long`, and an endpoint's refusals by their codes
   */
  async withGenerator<R>(policyVersionId: string, use: (generator: CompletionSource) => Promise<R>, weights?: WeightFormat): Promise<R> {
    let generator: CompletionSource | undefined;
    try {
      generator = await this.open(policyVersionId, weights);
      return await use(generator);
    } catch (error) {
      if (error instanceof PromptTooLongError) throw new JobFailure('prompt_too_long', error.message);
      if (error instanceof EndpointError && !error.retriable) throw new JobFailure(error.code, error.message);
      throw error;
    } finally {
      await generator?.dispose();
    }
  }

  /**
   * `sampling.n` completions of every prompt, by prompt in the order given.
   *
   * @throws JobFailure as `withGenerator`
   */
  generateForPrompts(
    policyVersionId: string,
    prompts: readonly AskedPrompt[],
    sampling: Sampling,
    control?: SourceControl,
  ): Promise<WrittenCompletion[]> {
    return this.withGenerator(policyVersionId, (generator) => generator.generate(prompts, sampling, control));
  }

  private async open(policyVersionId: string, weights?: WeightFormat): Promise<CompletionSource> {
    const { endpoint } = await this.versions.get(policyVersionId);
    if (endpoint) return new EndpointGenerator(endpoint, this.config);
    return new PolicyGenerator(await this.versions.loadCheckpoint(policyVersionId), weights);
  }
}
