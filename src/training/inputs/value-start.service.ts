// What the value model of a PPO run starts from, where that is a reward model. It reads the policy's token ids, so that
// both must give each id the same meaning; scores go through text and need not.
import { Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { unprocessable, type ProblemException } from '#src/common/problem.js';
import { sandbox } from '#src/common/sandbox.js';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { sandboxProblem } from '#src/policies/sandbox-problem.js';
import { planMilliseconds } from '#src/reward/models/plan-resources.js';
import { RewardModelsService } from '#src/reward/models/reward-models.service.js';
import type { RewardSource } from '../rewards/reward-sources.js';
import type * as SharedVocabulary from './shared-vocabulary.js';
import type { PpoHyperparameters } from '#src/rl/methods/ppo.js';

const pointer = '/hyperparameters/valueStart';

@Injectable()
export class ValueStartService {
  constructor(
    private readonly rewardModels: RewardModelsService,
    private readonly models: ModelsService,
    private readonly versions: PolicyVersionsService,
  ) {}

  /** @throws ProblemException 422 `value_start_impossible` */
  async require({ valueStart }: PpoHyperparameters, rewards: readonly RewardSource[], policyVersionId: string): Promise<void> {
    if (valueStart === 'policy') return;
    const id = firstRewardModel(rewards);
    if (id === undefined) throw impossible('valueStart reward-model needs a reward model in rewards', valueStart);
    const modelId = await this.modelOf(id);
    const tokenizers = [await this.models.loadSmallFiles(modelId), await this.versions.loadSmallFiles(policyVersionId)].map((files) => files['tokenizer.json']);
    if (!(await readsIdsOf(tokenizers[0], tokenizers[1])))
      throw impossible(`the tokenizer of reward model ${id} differs from that of the policy, which the value model must share`, valueStart);
    const [own, policy] = [await this.models.loadConfig(modelId), await this.versions.loadConfig(policyVersionId)].map((config) => config.maxPositionEmbeddings);
    if (own < policy) throw impossible(`reward model ${id} reads at most ${own} tokens, the policy ${policy}`, valueStart);
  }

  /** Undefined where the value model starts from the policy. */
  async load({ valueStart }: PpoHyperparameters, rewards: readonly RewardSource[]): Promise<Checkpoint | undefined> {
    const id = valueStart === 'policy' ? undefined : firstRewardModel(rewards);
    return id === undefined ? undefined : this.models.loadCheckpoint(await this.modelOf(id));
  }

  /** The model's shape without its weights; undefined as `load`. */
  async config({ valueStart }: PpoHyperparameters, rewards: readonly RewardSource[]): Promise<ModelConfig | undefined> {
    const id = valueStart === 'policy' ? undefined : firstRewardModel(rewards);
    return id === undefined ? undefined : this.models.loadConfig(await this.modelOf(id));
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

/** In a child process: both are large texts of users. */
async function readsIdsOf(rewardModel: Uint8Array, policy: Uint8Array): Promise<boolean> {
  try {
    return await sandbox.call<typeof SharedVocabulary, 'readsIdsOf'>('#src/training/inputs/shared-vocabulary.js', 'readsIdsOf', [rewardModel, policy], { milliseconds: planMilliseconds });
  } catch (error) {
    throw sandboxProblem(error, pointer);
  }
}
