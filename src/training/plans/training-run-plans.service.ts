// What a run would take, told and enforced before it is queued. Its inputs must have been checked.
import { Inject, Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { unprocessable, type ProblemException } from '#src/common/problem.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { chatFraming } from '#src/lm/text/chat.js';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { trunkBytes } from '#src/lm/model/trunk-states.js';
import { computeSpeed } from '#src/nn/compute-speed.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { countSteps } from '#src/rl/batch/batch-plan.js';
import { PreferenceDataRepository } from '#src/reward/data/preference-data.repository.js';
import { type ExpectedAnswers, longestExamples } from '#src/rl/plan/expected-answers.js';
import { lengthOfTexts, type PreferenceGroup } from '#src/rl/batch/preference-groups.js';
import { RewardModelMembersRepository } from '#src/reward/models/reward-model-members.repository.js';
import type { CompletionGroup } from '#src/rl/batch/completion-batch.js';
import type { DatasetHyperparameters, RolloutHyperparameters } from '#src/rl/settings.js';
import { trunkUse } from '#src/rl/datasets/frozen-trunk.js';
import type { PpoHyperparameters } from '#src/rl/methods/ppo.js';
import { RatedDataRepository, type RatedCounts } from '../inputs/rated-data.repository.js';
import { ValueStartService } from '../inputs/value-start.service.js';
import { encodeExamples } from '#src/rl/datasets/training-examples.js';
import { datasetMethod, isRecorded, methods, type PlannedRun } from '../methods/training-methods.js';
import { planPolicyTraining, tokensOf, type PlannedTrunk } from '#src/rl/plan/policy-plan.js';
import { longestRollouts, rolloutExtra, type RolloutExtra, type RolloutModels } from '#src/rl/plan/rollout-extra.js';
import type { TrainingRunPlanDto } from './training-run-plan.dto.js';

/** A run whose reward model, of so many members, and pairs are still to be made. */
export type RunAhead = Pick<PlannedRun, 'method' | 'policyVersionId' | 'promptSetId' | 'hyperparameters'> & { rewardMembers: number };
type Model = Pick<Checkpoint, 'config' | 'tokenizer'>;

const mebibyte = 1024 ** 2;
/** Of a prompt set, the longest in characters: one of them is the longest in tokens, or close to it. What is longer fails the job. */
const promptsEncoded = 16;

@Injectable()
export class TrainingRunPlansService {
  constructor(
    private readonly versions: PolicyVersionsService,
    private readonly preferences: PreferenceDataRepository,
    private readonly rated: RatedDataRepository,
    private readonly promptSets: PromptSetsService,
    private readonly members: RewardModelMembersRepository,
    private readonly valueStarts: ValueStartService,
    private readonly models: ModelsService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'memoryLimitBytes'>,
  ) {}

  async plan(run: PlannedRun): Promise<TrainingRunPlanDto> {
    const { bytes, floatingPointOperations, ...counts } = await this.estimate(run);
    const limitBytes = this.config.memoryLimitBytes;
    const secondsPerStep = floatingPointOperations / (await computeSpeed());
    const steps = await this.countSteps(run);
    return { ...counts, bytes, floatingPointOperations, secondsPerStep, steps, seconds: steps * secondsPerStep, limitBytes, fits: bytes.peak <= limitBytes };
  }

  /** @throws ProblemException 422 `training_does_not_fit` */
  async requireFit(run: PlannedRun): Promise<void> {
    const { bytes } = await this.estimate(run);
    this.requireRoom(bytes.peak);
  }

  /**
   * Before there are pairs and reward models: these will be of the policy's size.
   *
   * @throws ProblemException 422 `training_does_not_fit`
   */
  async requireFitAhead({ rewardMembers, ...ahead }: RunAhead, answers: ExpectedAnswers): Promise<void> {
    const { method, hyperparameters, policyVersionId } = ahead;
    if (isRecorded(method)) {
      const model = await this.versions.loadDescription(policyVersionId);
      const settings = hyperparameters as DatasetHyperparameters;
      const groups = longestExamples(model, answers, settings);
      // What is kept on disk takes no memory.
      const trunk = { inSteps: trunkUse(model.config, settings, methods[method].readsReference).train, bytes: 0 };
      return this.requireRoom(planPolicyTraining(model.config, groups, settings, trunk).bytes.peak);
    }
    const { bytes, parameters } = await this.estimate({ ...ahead, rewardModelId: null, rewards: null, evaluationPromptSetId: null, pairSetId: null, ratings: null });
    this.requireRoom(bytes.peak + rewardMembers * parameters * Float32Array.BYTES_PER_ELEMENT);
  }

  private requireRoom(peak: number): void {
    const limit = this.config.memoryLimitBytes;
    if (peak <= limit) return;
    const message =
      `the heaviest step needs about ${Math.round(peak / mebibyte)} MiB, the limit is ${Math.round(limit / mebibyte)} MiB; ` +
      'set gradientCheckpointing, microBatchTokens, lora, or fewer or shorter completions per step';
    throw unprocessable('training_does_not_fit', '/hyperparameters', 'memory', message, peak);
  }

  private async countSteps({ method, pairSetId, ratings, hyperparameters }: PlannedRun): Promise<number> {
    if (!isRecorded(method)) return (hyperparameters as RolloutHyperparameters).steps;
    if (ratings) return countSteps(await this.rated.sizes(ratings), hyperparameters as DatasetHyperparameters);
    const sizes = await this.preferences.groupSizes(pairSetId!);
    const selection = datasetMethod(method).learned(hyperparameters as DatasetHyperparameters);
    const learned = sizes.map(({ tokens, ...counts }) => ({ tokens, completions: counts[selection] }));
    return countSteps(learned.filter(({ completions }) => completions > 0), hyperparameters as DatasetHyperparameters);
  }

  private async estimate(run: PlannedRun): Promise<Omit<TrainingRunPlanDto, 'secondsPerStep' | 'steps' | 'seconds' | 'limitBytes' | 'fits'>> {
    const model = await this.versions.loadDescription(run.policyVersionId);
    const { groups, extra, trunk } = isRecorded(run.method) ? await this.examples(run, model) : await this.rollouts(run, model);
    const { bytes, floatingPointOperations, ...counts } = planPolicyTraining(model.config, groups, run.hyperparameters, trunk);
    const { innerEpochs = 1 } = run.hyperparameters as Partial<RolloutHyperparameters>;
    const [sampling, rewards, value] = [extra?.samplingBytes ?? 0, extra?.rewardBytes ?? 0, extra?.valueBytes ?? 0];
    return {
      ...counts,
      bytes: { ...bytes, sampling, rewards, value, peak: bytes.peak + sampling + rewards + value },
      floatingPointOperations: innerEpochs * floatingPointOperations + (extra?.floatingPointOperations ?? 0),
    };
  }

  private async examples(run: PlannedRun, model: Model): Promise<{ groups: CompletionGroup[]; extra?: undefined; trunk: PlannedTrunk }> {
    const { batchSize, maxTokens } = run.hyperparameters as DatasetHyperparameters;
    // Of a pair set a group has at least two completions, so these are more than one step takes.
    const longest: PreferenceGroup[] = run.ratings
      ? (await this.rated.longest(run.ratings, batchSize)).map((group) => ({ ...group, pairs: [] }))
      : await this.preferences.longestGroups(run.pairSetId!, Math.ceil(batchSize / 2));
    const { groups, given } = encodeExamples(model, longest, maxTokens);
    if (groups.length > 0) return { groups, trunk: await this.trunk(run, model, tokensOf(groups) / lengthOfTexts(longest)) };
    const message = `with ${maxTokens} tokens none of the ${given} longest completions has room behind its prompt`;
    throw unprocessable('no_training_data', '/hyperparameters/maxTokens', 'min', message, maxTokens);
  }

  private async rollouts(run: PlannedRun, model: Model): Promise<{ groups: CompletionGroup[]; extra: RolloutExtra; trunk?: undefined }> {
    const settings = run.hyperparameters as RolloutHyperparameters;
    const room = model.config.maxPositionEmbeddings - settings.maxTokens;
    let promptTokens = 0;
    for (const name of ['promptSetId', 'evaluationPromptSetId'] as const) {
      const promptSetId = run[name];
      if (promptSetId === null) continue;
      const longest = await this.longestPrompt(promptSetId, model);
      if (longest > room) throw tooLong(name, longest, room, promptSetId);
      promptTokens = Math.max(promptTokens, longest);
    }
    const { config: policy } = model;
    const models = { policy, rewardParameters: await this.rewardParameters(run), value: await this.valueModel(run, policy) };
    const extra = rolloutExtra(models, settings, promptTokens);
    return { groups: longestRollouts(settings, promptTokens), extra };
  }

  /** @param tokensPerCharacter as seen in some of the texts */
  private async trunk({ method, hyperparameters, pairSetId, ratings }: PlannedRun, { config }: Model, tokensPerCharacter: number): Promise<PlannedTrunk> {
    const { train, evaluation } = trunkUse(config, hyperparameters as DatasetHyperparameters, isRecorded(method) && methods[method].readsReference);
    if (!train && !evaluation) return { inSteps: false, bytes: 0 };
    const characters = ratings ? charactersOf(await this.rated.counts(ratings)) : await this.preferences.countCharacters(pairSetId!);
    // Where no prompts are held out, evaluation is on the training data.
    const kept = (train || characters.eval === 0 ? characters.train : 0) + characters.eval;
    return { inSteps: train, bytes: trunkBytes(config, Math.round(kept * tokensPerCharacter)) };
  }

  private async longestPrompt(promptSetId: string, { tokenizer }: Model): Promise<number> {
    const texts = (await this.promptSets.members(promptSetId)).map(({ text }) => text).sort((a, b) => b.length - a.length);
    const framing = chatFraming(Tokenizer.fromFiles(tokenizer));
    return Math.max(1, ...texts.slice(0, promptsEncoded).map((text) => framing.encodePrompt(text).length));
  }

  private async valueModel({ method, hyperparameters, rewards }: PlannedRun, policy: ModelConfig): Promise<RolloutModels['value']> {
    if (method !== 'ppo') return undefined;
    const settings = hyperparameters as PpoHyperparameters;
    // Before there is a reward model: it will be of the policy's size.
    const start = (await this.valueStarts.config(settings, rewards ?? [])) ?? policy;
    return { start, ownStart: settings.valueStart === 'reward-model' };
  }

  /** Of all members: each source has its own in memory. */
  private async rewardParameters({ rewards }: PlannedRun): Promise<number> {
    const ids = (rewards ?? []).flatMap((source) => (source.type === 'reward-model' ? [source.rewardModelId] : []));
    let parameters = 0;
    for (const id of ids) {
      for (const { modelId } of await this.members.of(id)) parameters += (await this.models.get(modelId)).parameterCount;
    }
    return parameters;
  }
}

function charactersOf(counts: readonly RatedCounts[]): Record<'train' | 'eval', number> {
  const of = (split: 'train' | 'eval'): number => counts.find((row) => row.split === split)?.characters ?? 0;
  return { train: of('train'), eval: of('eval') };
}

function tooLong(name: string, tokens: number, room: number, promptSetId: string): ProblemException {
  const message = `a prompt of the set has ${tokens} tokens; maxTokens leaves room for ${room}`;
  return unprocessable('prompt_too_long', `/${name}`, 'max', message, promptSetId);
}
