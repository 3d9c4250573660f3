// Checks the sources of reward that a request names and fills in what it leaves out.
import { Inject, Injectable } from '@nestjs/common';
import { unprocessable } from '#src/common/problem.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { AddressRefusedError, checkAddress } from '#src/common/network-address.js';
import type { RewardModel } from '#src/reward/models/reward-model.entity.js';
import { RewardModelsService } from '#src/reward/models/reward-models.service.js';
import { TrainingInputs } from './training-inputs.js';
import { distinctNames, httpDefaults, metricName, type HttpRewardSource, type RewardSource } from '../rewards/reward-sources.js';
import type { HttpRewardSourceDto, RewardModelSourceDto, RewardSourceDto } from '../rewards/reward-sources.dto.js';

export interface GivenRewards {
  rewardModelId?: string;
  rewards?: RewardSourceDto[];
}

@Injectable()
export class RewardInputsService {
  constructor(
    private readonly inputs: TrainingInputs,
    private readonly rewardModels: RewardModelsService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'allowPrivateEndpoints' | 'endpointKeys'>,
  ) {}

  /**
   * @throws ProblemException 422 `reward_sources_ambiguous`, `reward_names_not_unique`, `unknown_reward_model`,
   *   `reward_model_without_scale`, `endpoint_address_private`, `endpoint_key_origin`; 409 `reward_model_not_trained`
   */
  async resolve({ rewardModelId, rewards }: GivenRewards): Promise<RewardSource[]> {
    if (rewardModelId !== undefined && rewards !== undefined)
      throw unprocessable('reward_sources_ambiguous', '/rewards', 'oneOf', 'give exactly one of rewardModelId and rewards');
    const given = rewards ?? [{ type: 'reward-model' as const, rewardModelId: rewardModelId! }];
    const sources: RewardSource[] = [];
    for (const [i, source] of given.entries()) {
      const pointer = rewards ? `/rewards/${i}` : '';
      sources.push(source.type === 'http' ? await this.server(source, pointer) : await this.rewardModel(source, pointer));
    }
    return named(sources, given);
  }

  private async rewardModel({ rewardModelId, name, weight, normalize }: RewardModelSourceDto, pointer: string): Promise<RewardSource> {
    await this.inputs.requireTrainedRewardModel(rewardModelId, `${pointer}/rewardModelId`);
    const model = (await this.rewardModels.find(rewardModelId))!;
    if (normalize) requireScale(model, `${pointer}/normalize`);
    return { type: 'reward-model', name: name ?? metricName(model.name), weight: weight ?? 1, rewardModelId, normalize: normalize ?? false };
  }

  /** Nothing is sent yet; each connection checks its address again. */
  private async server({ type: _, ...given }: HttpRewardSourceDto, pointer: string): Promise<HttpRewardSource> {
    const url = new URL(given.url);
    await checkAddress(url, this.config.allowPrivateEndpoints).catch((error: unknown) => {
      // A name that is unknown here may be known to the workers.
      if (!(error instanceof AddressRefusedError)) return;
      throw unprocessable('endpoint_address_private', `${pointer}/url`, 'publicAddress', error.message, url.href);
    });
    const { apiKeyEnv } = given;
    const key = apiKeyEnv ? this.config.endpointKeys[apiKeyEnv] : undefined;
    if (key && key.origin !== url.origin) {
      const message = `${apiKeyEnv} holds the key of a different origin, not of ${url.origin}`;
      throw unprocessable('endpoint_key_origin', `${pointer}/apiKeyEnv`, 'sameOrigin', message, apiKeyEnv);
    }
    const { name = 'http', weight = 1, timeoutSeconds, batchSize, maxConcurrency, headers } = given;
    return {
      type: 'http',
      name,
      weight,
      url: url.href,
      apiKeyEnv: apiKeyEnv ?? null,
      headers: headers ?? {},
      timeoutSeconds: timeoutSeconds ?? httpDefaults.timeoutSeconds,
      batchSize: batchSize ?? httpDefaults.batchSize,
      maxConcurrency: maxConcurrency ?? httpDefaults.maxConcurrency,
    };
  }
}

function requireScale({ id, evaluation }: RewardModel, pointer: string): void {
  if (Number.isFinite(evaluation?.rewardMean) && (evaluation?.rewardDeviation ?? 0) > 0) return;
  const message = `reward model ${id} has no evaluation to normalise with: set normalize to false`;
  throw unprocessable('reward_model_without_scale', pointer, 'scale', message, true);
}

/** Names that were asked for must differ; others are told apart by a number. */
function named(sources: readonly RewardSource[], given: readonly RewardSourceDto[]): RewardSource[] {
  const chosen = new Set<string>();
  given.forEach(({ name }, i) => {
    if (name === undefined) return;
    if (chosen.has(name)) throw unprocessable('reward_names_not_unique', `/rewards/${i}/name`, 'unique', 'two reward sources have this name', name);
    chosen.add(name);
  });
  // Chosen names first, so that they stay as they are.
  const order = [...sources.keys()].sort((a, b) => Number(given[a].name === undefined) - Number(given[b].name === undefined) || a - b);
  const names = distinctNames(order.map((i) => sources[i].name));
  return sources.map((source, i) => ({ ...source, name: names[order.indexOf(i)] }));
}
