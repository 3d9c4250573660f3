// What the value model of a PPO run starts from, where that is a reward model. It reads the policy's token ids, so that
// both must give each id the same meaning; scores go through text and need not.
import { Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { canonicalJson } from '#src/common/hash.js';
import { unprocessable, type ProblemException } from '#src/common/problem.js';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { RewardModelsRepository } from '#src/reward/models/reward-models.repository.js';
import type { RewardSource } from '../rewards/reward-sources.js';
import type { PpoHyperparameters } from '#src/rl/methods/ppo.js';

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
    const { config, tokenizer } = await this.models.loadDescription(await this.modelOf(id));
    if (!readsIdsOf(tokenizer, policy.tokenizer))
      throw impossible(`reward model ${id} has another tokenizer than the policy, whose token ids a value model reads`, valueStart);
    if (config.maxPositionEmbeddings < policy.config.maxPositionEmbeddings)
      throw impossible(`reward model ${id} reads ${config.maxPositionEmbeddings} tokens, the policy ${policy.config.maxPositionEmbeddings}`, valueStart);
  }

  /** Undefined where the value model starts from the policy. */
  async load({ valueStart }: PpoHyperparameters, rewards: readonly RewardSource[]): Promise<Checkpoint | undefined> {
    const id = valueStart === 'policy' ? undefined : firstRewardModel(rewards);
    return id === undefined ? undefined : this.models.loadCheckpoint(await this.modelOf(id));
  }

  /** The model's shape without its weights; undefined as `load`. */
  async config({ valueStart }: PpoHyperparameters, rewards: readonly RewardSource[]): Promise<ModelConfig | undefined> {
    const id = valueStart === 'policy' ? undefined : firstRewardModel(rewards);
    return id === undefined ? undefined : (await this.models.loadDescription(await this.modelOf(id))).config;
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

interface Vocabulary {
  model?: { vocab?: unknown };
  added_tokens?: { id: number; content: string }[];
}

/** Every id of the policy means the same to the reward model, which may have a pad token of its own. */
function readsIdsOf(reward: Description['tokenizer'], policy: Description['tokenizer']): boolean {
  const [ours, theirs] = [reward, policy].map(({ tokenizerJson }) => JSON.parse(tokenizerJson) as Vocabulary);
  const added = new Map((ours.added_tokens ?? []).map(({ id, content }) => [id, content]));
  return canonicalJson(ours.model?.vocab ?? null) === canonicalJson(theirs.model?.vocab ?? null)
    && (theirs.added_tokens ?? []).every(({ id, content }) => added.get(id) === content);
}
