/**
 * An endpoint as a policy: sends it the prompts, several in parallel. What a seed fixes is up to the server, and
 * there are no token ids and no log-probabilities.
 */
import type { Config } from '#src/config/config.js';
import { contentOf } from '#src/common/conversation.js';
import type { PolicyEndpoint } from '#src/policies/policy.entity.js';
import type { CompletionSource, SourceControl, WrittenCompletion } from './completion-source.js';
import { EndpointClient } from './endpoint-client.js';
import { EndpointError } from './endpoint-error.js';
import { readAnswer, requestBody, requestUrl } from './endpoint-request.js';
import type { AskedPrompt } from '#src/common/conversation.js';
import { completionSeed, type Sampling } from './sampling.js';

/** Servers store seeds in 32 bits, some of them signed. */
const seedRange = 2 ** 31;

export class EndpointGenerator implements CompletionSource {
  private readonly client: EndpointClient;

  /** @throws EndpointError */
  constructor(
    private readonly endpoint: PolicyEndpoint,
    config: Pick<Config, 'allowPrivateEndpoints' | 'endpointKeys'>,
  ) {
    this.client = new EndpointClient({ ...endpoint, url: requestUrl(endpoint) }, config);
  }

  /**
   * A prompt that the server refuses, or answers with nothing, fails alone where `onFailed` hears of it.
   *
   * @throws EndpointError of the first other failure; requests under way are then given up
   */
  async generate(
    prompts: readonly AskedPrompt[],
    sampling: Sampling,
    { signal, onProgress, onFailed }: SourceControl = {},
  ): Promise<WrittenCompletion[]> {
    const failed = new AbortController();
    const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const written = new Array<WrittenCompletion[]>(prompts.length);
    const queue = prompts.entries();
    let done = 0;
    const work = async (): Promise<void> => {
      for (const [at, prompt] of queue) {
        written[at] = await this.answer(prompt, sampling, either).catch((error: unknown) => {
          if (!onFailed || !(error instanceof EndpointError) || !error.ofPrompt) throw error;
          onFailed({ promptId: prompt.id, code: error.code, message: error.message });
          return [];
        });
        done += sampling.n;
        onProgress?.(done, prompts.length * sampling.n);
      }
    };
    const workers = Array.from({ length: Math.min(this.endpoint.maxConcurrency, prompts.length) }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      failed.abort(error);
      await Promise.allSettled(workers);
      throw error;
    }
    return written.flat();
  }

  dispose(): void {
    this.client.dispose();
  }

  /** Servers without `n` return one choice at a time: missing ones are requested again. */
  private async answer(prompt: AskedPrompt, sampling: Sampling, signal: AbortSignal): Promise<WrittenCompletion[]> {
    const rows: WrittenCompletion[] = [];
    while (rows.length < sampling.n) {
      const n = sampling.n - rows.length;
      const seed = completionSeed(sampling.seed, prompt.text, rows.length) % seedRange;
      const answer = readAnswer(await this.client.post(requestBody(this.endpoint, contentOf(prompt), sampling, { n, seed }), signal));
      const choices = answer.choices.slice(0, n);
      const first = rows.length;
      // The server counts the tokens of all choices together.
      const completionTokens = answer.choices.length === 1 ? answer.completionTokens : null;
      choices.forEach((choice, i) =>
        rows.push({ promptId: prompt.id, sampleIndex: first + i, seed, promptTokens: answer.promptTokens, completionTokens, ...choice }),
      );
    }
    return rows;
  }
}
