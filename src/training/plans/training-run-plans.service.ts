// What a run would take, told and enforced before it is queued. Its inputs must have been checked.
import { Inject, Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { unprocessable } from '#src/common/problem.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { chatFraming } from '#src/lm/chat.js';
import type { Checkpoint } from '#src/lm/checkpoint.js';
import { Tokenizer } from '#src/lm/tokenizer.js';
import { trunkBytes } from '#src/lm/trunk-states.js';
import { computeSpeed } from '#src/nn/compute-speed.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { PreferenceDataRepository } from '#src/reward/preference-data.repository.js';
import { lengthOfTexts } from '#src/reward/preference-groups.js';
import { RewardModelsService } from '#src/reward/reward-models.service.js';
import type { CompletionGroup } from '../completion-batch.js';
import type { DatasetHyperparameters } from '../dataset-hyperparameters.js';
import { trunkUse } from '../frozen-trunk.js';
import type { RolloutHyperparameters } from '../rollout-hyperparameters.js';
import { encodeExamples } from '../training-examples.js';
import type { NewTrainingRun } from '../training-runs.repository.js';
import { planPolicyTraining, tokensOf, type PlannedTrunk } from './policy-plan.js';
import { longestRollouts, rolloutExtra, type RolloutExtra } from './rollout-extra.js';
import type { TrainingRunPlanDto } from './training-run-plan.dto.js';

export type PlannedRun = Omit<NewTrainingRun, 'id' | 'jobId'>;
type Model = Pick<Checkpoint, 'config' | 'tokenizer'>;

const mebibyte = 1024 ** 2;
/** Of a prompt set, the longest in characters: one of them is the longest in tokens, or close to it. */
const promptsEncoded = 16;

@Injectable()
export class TrainingRunPlansService {
  constructor(
    private readonly versions: PolicyVersionsService,
    private readonly preferences: PreferenceDataRepository,
    private readonly promptSets: PromptSetsService,
    private readonly rewardModels: RewardModelsService,
    private readonly models: ModelsService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'memoryLimitBytes'>,
  ) {}

  async plan(run: PlannedRun): Promise<TrainingRunPlanDto> {
    const { bytes, floatingPointOperations, ...counts } = await this.estimate(run);
    const limitBytes = this.config.memoryLimitBytes;
    const secondsPerStep = floatingPointOperations / (await computeSpeed());
    return { ...counts, bytes, floatingPointOperations, secondsPerStep, limitBytes, fits: bytes.peak <= limitBytes };
  }

  /** @throws ProblemException 422 `training_does_not_fit` */
  async requireFit(run: PlannedRun): Promise<void> {
    const { bytes } = await this.estimate(run);
    const limit = this.config.memoryLimitBytes;
    if (bytes.peak <= limit) return;
    const message =
      `the heaviest step needs about ${Math.round(bytes.peak / mebibyte)} MiB, the limit is ${Math.round(limit / mebibyte)} MiB; ` +
      'set gradientCheckpointing, microBatchTokens, lora, or fewer or shorter completions per step';
    throw unprocessable('training_does_not_fit', '/hyperparameters', 'memory', message, bytes.peak);
  }

  private async estimate(run: PlannedRun): Promise<Omit<TrainingRunPlanDto, 'secondsPerStep' | 'limitBytes' | 'fits'>> {
    const model = await this.versions.loadDescription(run.policyVersionId);
    const { groups, extra, trunk } = run.pairSetId === null ? await this.rollouts(run, model) : await this.examples(run, run.pairSetId, model);
    const { bytes, floatingPointOperations, ...counts } = planPolicyTraining(model.config, groups, run.hyperparameters, trunk);
    const [sampling, rewards, value] = [extra?.samplingBytes ?? 0, extra?.rewardBytes ?? 0, extra?.valueBytes ?? 0];
    return {
      ...counts,
      bytes: { ...bytes, sampling, rewards, value, peak: bytes.peak + sampling + rewards + value },
      floatingPointOperations: floatingPointOperations + (extra?.floatingPointOperations ?? 0),
    };
  }

  private async examples(run: PlannedRun, pairSetId: string, model: Model): Promise<{ groups: CompletionGroup[]; extra?: undefined; trunk: PlannedTrunk }> {
    const { batchSize, maxTokens } = run.hyperparameters as DatasetHyperparameters;
    // A group has at least two completions, so these are more than one step takes.
    const longest = await this.preferences.longestGroups(pairSetId, Math.ceil(batchSize / 2));
    const { groups, given } = encodeExamples(model, longest, maxTokens);
    if (groups.length > 0) return { groups, trunk: await this.trunk(run, pairSetId, model, tokensOf(groups) / lengthOfTexts(longest)) };
    const message = `with ${maxTokens} tokens none of the ${given} longest completions has room behind its prompt`;
    throw unprocessable('no_training_data', '/hyperparameters/maxTokens', 'min', message, maxTokens);
  }

  private async rollouts(run: PlannedRun, model: Model): Promise<{ groups: CompletionGroup[]; extra: RolloutExtra; trunk?: undefined }> {
    const settings = run.hyperparameters as RolloutHyperparameters;
    const promptTokens = await this.longestPrompt(run.promptSetId!, model);
    const extra = rolloutExtra(model.config, await this.rewardParameters(run), settings, promptTokens, run.method === 'ppo');
    return { groups: longestRollouts(settings, promptTokens), extra };
  }

  /** @param tokensPerCharacter as seen in some of the texts */
  private async trunk({ method, hyperparameters }: PlannedRun, pairSetId: string, { config }: Model, tokensPerCharacter: number): Promise<PlannedTrunk> {
    const { train, evaluation } = trunkUse(config, hyperparameters as DatasetHyperparameters, method === 'dpo' ? 'dpo' : 'sft');
    if (!train && !evaluation) return { inSteps: false, bytes: 0 };
    const characters = await this.preferences.countCharacters(pairSetId);
    // Where no prompts are held out, evaluation is on the training data.
    const kept = (train || characters.eval === 0 ? characters.train : 0) + characters.eval;
    return { inSteps: train, bytes: trunkBytes(config, Math.round(kept * tokensPerCharacter)) };
  }

  private async longestPrompt(promptSetId: string, { tokenizer }: Model): Promise<number> {
    const texts = (await this.promptSets.members(promptSetId)).map(({ text }) => text).sort((a, b) => b.length - a.length);
    const framing = chatFraming(Tokenizer.fromFiles(tokenizer));
    return Math.max(1, ...texts.slice(0, promptsEncoded).map((text) => framing.encodePrompt(text).length));
  }

  private async rewardParameters({ rewards }: PlannedRun): Promise<number> {
    const ids = (rewards ?? []).flatMap((source) => (source.type === 'reward-model' ? [source.rewardModelId] : []));
    let parameters = 0;
    for (const id of new Set(ids)) parameters += (await this.models.get((await this.rewardModels.getTrained(id)).modelId)).parameterCount;
    return parameters;
  }
}
