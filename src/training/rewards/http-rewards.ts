/**
 * A reward server, which scores texts over HTTP.
 *
 *   POST <url>   {"items": [{"prompt": "...", "completion": "..."}, ...]}
 *   200          {"rewards": [0.7, ...]}     one finite number per item, in their order
 *
 * Of a conversation, `prompt` is its readable text, and the item has `messages` (and `tools`) as well.
 *
 * Addresses, keys and retries are those of endpoint policies (completions/endpoint-client.ts).
 */
import { contentText } from '#src/common/conversation.js';
import type { Config } from '#src/config/config.js';
import { EndpointClient } from '#src/completions/endpoint-client.js';
import { EndpointError } from '#src/completions/endpoint-error.js';
import { type ScoredText } from '#src/rl/rollouts/rollouts.js';
import { type HttpRewardSource } from './reward-sources.js';

export class HttpRewards {
  private readonly client: EndpointClient;

  /** @throws EndpointError */
  constructor(
    private readonly source: HttpRewardSource,
    config: Pick<Config, 'allowPrivateEndpoints' | 'endpointKeys'>,
  ) {
    this.client = new EndpointClient({ ...source, url: new URL(source.url) }, config);
  }

  /** In the order of `items`. @throws EndpointError of the first request that fails; those under way are then given up */
  async score(items: readonly ScoredText[], signal?: AbortSignal): Promise<Float64Array> {
    const { batchSize, maxConcurrency } = this.source;
    const rewards = new Float64Array(items.length);
    const batches = Array.from({ length: Math.ceil(items.length / batchSize) }, (_, b) => b * batchSize).values();
    const failed = new AbortController();
    const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const work = async (): Promise<void> => {
      for (const first of batches) rewards.set(await this.ask(items.slice(first, first + batchSize), either), first);
    };
    const workers = Array.from({ length: maxConcurrency }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      failed.abort(error);
      await Promise.allSettled(workers);
      throw error;
    }
    return rewards;
  }

  dispose(): void {
    this.client.dispose();
  }

  private async ask(items: readonly ScoredText[], signal: AbortSignal): Promise<number[]> {
    const body = { items: items.map(({ prompt, completion }) => ({ prompt: contentText(prompt), ...(typeof prompt !== 'string' && prompt), completion })) };
    return readRewards(await this.client.post(body, signal), items.length);
  }
}

/** @throws EndpointError `endpoint_answer_unreadable` */
export function readRewards(body: string, count: number): number[] {
  const rewards = rewardsOf(body);
  if (!Array.isArray(rewards)) throw unreadable('it is not {"rewards": [...]}');
  if (rewards.length !== count) throw unreadable(`it has ${rewards.length} rewards for ${count} items`);
  const bad = rewards.findIndex((reward) => !Number.isFinite(reward));
  if (bad >= 0) throw unreadable(`reward ${bad} is ${JSON.stringify(rewards[bad])} and not a finite number`);
  return rewards as number[];
}

function rewardsOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { rewards?: unknown } | null)?.rewards;
  } catch {
    throw unreadable('it is not JSON');
  }
}

const unreadable = (why: string): EndpointError =>
  new EndpointError('endpoint_answer_unreadable', `the reward server's response is invalid: ${why}`);
