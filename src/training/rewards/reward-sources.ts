/** Sources of the rewards of a run: reward models, HTTP servers, or a weighted sum of them. */

export const rewardSourceTypes = ['reward-model', 'http'] as const;

interface CommonSource {
  /** Unique in a run; in the names of metrics and in the scores of samples. */
  name: string;
  /** Factor of its scores in the weighted sum; a negative weight makes it a penalty. */
  weight: number;
}

export interface RewardModelSource extends CommonSource {
  type: 'reward-model';
  rewardModelId: string;
  /** Scores less the mean of the reward model's evaluation, by its deviation, so that weights of several mean the same. */
  normalize: boolean;
}

export interface HttpRewardSource extends CommonSource {
  type: 'http';
  url: string;
  /** Environment variable of the worker that holds the key; null: no key is sent. */
  apiKeyEnv: string | null;
  /** Sent with each request; no secrets, since they are shown with the run. */
  headers: Record<string, string>;
  /** Timeout of one request, in seconds. */
  timeoutSeconds: number;
  /** Texts per request. */
  batchSize: number;
  /** Maximum number of parallel requests. */
  maxConcurrency: number;
}

export type RewardSource = RewardModelSource | HttpRewardSource;

export const httpDefaults = { apiKeyEnv: null, headers: {}, timeoutSeconds: 60, batchSize: 64, maxConcurrency: 4 } as const;

/** A name for metrics out of free text: letters, digits, `.`, `_` and `-`. */
export function metricName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64) || 'reward';
}

/** Names in the order given, with a number behind those that are taken. */
export function distinctNames(wanted: readonly string[]): string[] {
  const taken = new Set<string>();
  return wanted.map((name) => {
    let [own, number] = [name, 2];
    while (taken.has(own)) own = `${name}-${number++}`;
    taken.add(own);
    return own;
  });
}
