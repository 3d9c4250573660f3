// What the value model of a PPO run starts from, where that is a reward model. It reads the policy's token ids, so that
// both must give each id the same meaning; scores go through text and need not.
import { Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { canonicalJson } from '#src/common/hash.js';
import { unprocessable, type ProblemException } from '#src/common/problem.js';
import { parseCheckpoint, parseDescription, type Checkpoint } from '#src/lm/checkpoint.js';
import type { ModelConfig } from '#src/lm/config.js';
import { RewardModelsRepository } from '#src/reward/reward-models.repository.js';
import type { RewardSource } from '../rewards/reward-sources.js';
import type { PpoHyperparameters } from './ppo-hyperparameters.js';

type Description = Pick<Checkpoint, 'config' | 'tokenizer'>;
const pointer = '/hyperparameters/valueStart';

@Injectable()
export class ValueStartService {
  constructor(
    private readonly rewardModels: RewardModelsRepository,
    private readonly models: ModelsService,
  ) {}

  /** @throws ProblemException 422 `value_start_impossible` */
  async require({ valueStart }: PpoHyperparameters, rewards: readonly RewardSource[], policy: Description): Promise<void> {
    if (valueStart === 'policy') return;
    const id = firstRewardModel(rewards);
    if (id === undefined) throw impossible('the rewards have no reward model that a value model could start from', valueStart);
    const { config, tokenizer } = await this.describe(id);
    if (vocabulary(tokenizer.tokenizerJson) !== vocabulary(policy.tokenizer.tokenizerJson))
      throw impossible(`reward model ${id} has another tokenizer than the policy, whose token ids a value model reads`, valueStart);
    if (config.maxPositionEmbeddings < policy.config.maxPositionEmbeddings)
      throw impossible(`reward model ${id} reads ${config.maxPositionEmbeddings} tokens, the policy ${policy.config.maxPositionEmbeddings}`, valueStart);
  }

  /** Undefined where the value model starts from the policy. */
  async load({ valueStart }: PpoHyperparameters, rewards: readonly RewardSource[]): Promise<Checkpoint | undefined> {
    const id = valueStart === 'policy' ? undefined : firstRewardModel(rewards);
    return id === undefined ? undefined : parseCheckpoint(await this.models.loadFiles(await this.modelOf(id)));
  }

  /** The model's shape without its weights; undefined as `load`. */
  async config({ valueStart }: PpoHyperparameters, rewards: readonly RewardSource[]): Promise<ModelConfig | undefined> {
    const id = valueStart === 'policy' ? undefined : firstRewardModel(rewards);
    return id === undefined ? undefined : (await this.describe(id)).config;
  }

  private async describe(rewardModelId: string): Promise<Description> {
    return parseDescription(await this.models.loadFiles(await this.modelOf(rewardModelId), (name) => !name.endsWith('.safetensors')));
  }

  private async modelOf(rewardModelId: string): Promise<string> {
    const modelId = (await this.rewardModels.find(rewardModelId))?.modelId;
    if (!modelId) throw impossible(`reward model ${rewardModelId} is not trained`, rewardModelId);
    return modelId;
  }
}

const firstRewardModel = (rewards: readonly RewardSource[]): string | undefined =>
  rewards.find((source) => source.type === 'reward-model')?.rewardModelId;

const impossible = (message: string, value: string): ProblemException =>
  unprocessable('value_start_impossible', pointer, 'valueStart', message, value);

/** Which id means what. */
function vocabulary(tokenizerJson: string): string {
  const { model, added_tokens: added } = JSON.parse(tokenizerJson) as { model?: { vocab?: unknown }; added_tokens?: { id: number; content: string }[] };
  return canonicalJson({ vocab: model?.vocab, added: (added ?? []).map(({ id, content }) => ({ id, content })) });
}
