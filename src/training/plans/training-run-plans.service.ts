// Estimates what a run needs and enforces the limit before it is queued. Its inputs must have been checked.
import { Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { unprocessable, type ProblemException } from '#src/common/problem.js';
import { sandbox } from '#src/common/sandbox.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { microBatchOf } from '#src/rl/plan/micro-batch.js';
import type { PlannedRuns } from '#src/rl/plan/training-plan.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { sandboxProblem } from '#src/policies/sandbox-problem.js';
import { contentOf } from '#src/common/conversation.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { countSteps } from '#src/rl/batch/batch-plan.js';
import { planMilliseconds, PlanResourcesService } from '#src/reward/models/plan-resources.js';
import { PreferenceDataService } from '#src/reward/data/preference-data.service.js';
import type { PreferenceGroup } from '#src/rl/batch/preference-groups.js';
import type { ExpectedAnswers } from '#src/rl/plan/expected-answers.js';
import { RewardModelsService } from '#src/reward/models/reward-models.service.js';
import type { DatasetHyperparameters, OptimizerSettings, RolloutHyperparameters } from '#src/rl/settings.js';
import type { PpoHyperparameters } from '#src/rl/methods/ppo.js';
import { RatedDataRepository, type RatedCounts } from '../inputs/rated-data.repository.js';
import { ValueStartService } from '../inputs/value-start.service.js';
import { datasetMethod, isRecorded, methods, type PlannedRun } from '../methods/training-methods.js';
import type * as PlanTask from './plan-task.js';
import type { PolicyPlan } from '#src/rl/plan/policy-plan.js';
import type { RolloutExtra, RolloutModels } from '#src/rl/plan/rollout-extra.js';
import type { TrainingRunPlanDto } from './training-run-plan.dto.js';

type Tasks = typeof PlanTask;

/** A run whose reward model, with this number of members, and pairs do not exist yet. */
export type RunAhead = Pick<PlannedRun, 'method' | 'policyVersionId' | 'promptSetId' | 'evaluationPromptSetId' | 'hyperparameters' | 'choosesMicroBatch'> & { rewardMembers: number };
type MicroBatch = Pick<OptimizerSettings, 'microBatchTokens'>;
interface Planned {
  plan: PolicyPlan & MicroBatch;
  extra?: RolloutExtra;
}

const mebibyte = 1024 ** 2;

@Injectable()
export class TrainingRunPlansService {
  constructor(
    private readonly versions: PolicyVersionsService,
    private readonly preferences: PreferenceDataService,
    private readonly rated: RatedDataRepository,
    private readonly promptSets: PromptSetsService,
    private readonly rewardModels: RewardModelsService,
    private readonly valueStarts: ValueStartService,
    private readonly models: ModelsService,
    private readonly resources: PlanResourcesService,
  ) {}

  async plan(run: PlannedRun): Promise<TrainingRunPlanDto> {
    const { operationsPerRun, ...estimate } = await this.estimate(run);
    const { bytes, floatingPointOperations } = estimate;
    const { memoryLimitBytes: limitBytes, speed } = await this.resources.current();
    const [secondsPerRun, secondsPerStep] = [operationsPerRun / speed, floatingPointOperations / speed];
    const steps = await this.countSteps(run);
    return { ...estimate, secondsPerRun, secondsPerStep, steps, seconds: steps * secondsPerStep, limitBytes, fits: bytes.peak <= limitBytes };
  }

  /** A run that fits, with all of its settings, those included that were left to this machine. @throws ProblemException 422 `training_does_not_fit` */
  async settle(planned: PlannedRun): Promise<Omit<PlannedRun, 'choosesMicroBatch'>> {
    const { bytes, microBatchTokens } = await this.estimate(planned);
    this.requireRoom(bytes.peak);
    return settled(planned, microBatchTokens);
  }

  /**
   * Before there are pairs and reward models: these will be of the policy's size.
   *
   * @throws ProblemException 422 `training_does_not_fit`
   */
  async requireFitAhead({ rewardMembers, ...ahead }: RunAhead, answers: ExpectedAnswers): Promise<void> {
    const { method, hyperparameters, policyVersionId } = ahead;
    if (isRecorded(method)) {
      const files = await this.versions.loadSmallFiles(policyVersionId);
      const settings = hyperparameters as DatasetHyperparameters;
      const plan = await this.choose(ahead, (chosen) => inChild('planExamplesAhead', [files, methods[method].readsReference, { ...settings, ...chosen }, answers]));
      return this.requireRoom(plan.bytes.peak);
    }
    const { bytes, parameters } = await this.estimate({ ...ahead, rewardModelId: null, rewards: null, pairSetId: null, ratings: null });
    this.requireRoom(bytes.peak + rewardMembers * parameters * Float32Array.BYTES_PER_ELEMENT);
  }

  private requireRoom(peak: number): void {
    const limit = this.resources.memoryLimitBytes;
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

  private async estimate(run: PlannedRun): Promise<Omit<TrainingRunPlanDto, 'secondsPerRun' | 'secondsPerStep' | 'steps' | 'seconds' | 'limitBytes' | 'fits'> & Pick<PlannedRuns, 'operationsPerRun'>> {
    const { plan, extra } = isRecorded(run.method) ? await this.examples(run, methods[run.method].readsReference) : await this.rollouts(run);
    const { bytes, floatingPointOperations, ...counts } = told(plan);
    const { innerEpochs = 1 } = run.hyperparameters as Partial<RolloutHyperparameters>;
    const [sampling, rewards, value] = [extra?.samplingBytes ?? 0, extra?.rewardBytes ?? 0, extra?.valueBytes ?? 0];
    return {
      ...counts,
      bytes: { ...bytes, sampling, rewards, value, peak: bytes.peak + sampling + rewards + value },
      floatingPointOperations: innerEpochs * floatingPointOperations + (extra?.floatingPointOperations ?? 0),
    };
  }

  /** The micro-batch size is chosen from the plan of the whole step, unless the request gives it. */
  private async choose(
    { choosesMicroBatch, hyperparameters }: Pick<PlannedRun, 'choosesMicroBatch' | 'hyperparameters'>,
    planned: (chosen: MicroBatch) => Promise<PolicyPlan>,
  ): Promise<PolicyPlan & MicroBatch> {
    const whole = { microBatchTokens: hyperparameters.microBatchTokens };
    const plan = await planned(whole);
    if (!choosesMicroBatch) return { ...plan, ...whole };
    const { speed, memoryLimitBytes } = await this.resources.current();
    const chosen = { microBatchTokens: microBatchOf(plan, { speed, memoryBytes: memoryLimitBytes }) };
    return { ...(chosen.microBatchTokens === null ? plan : await planned(chosen)), ...chosen };
  }

  private async examples(run: PlannedRun, readsReference: boolean): Promise<Planned> {
    const hyperparameters = run.hyperparameters as DatasetHyperparameters;
    const { batchSize, maxTokens } = hyperparameters;
    const files = await this.versions.loadSmallFiles(run.policyVersionId);
    // Of a pair set a group has at least two completions, so these are more than one step takes.
    const longest: PreferenceGroup[] = run.ratings
      ? (await this.rated.longest(run.ratings, batchSize)).map((group) => ({ ...group, pairs: [] }))
      : await this.preferences.longestGroups(run.pairSetId!, Math.ceil(batchSize / 2));
    const characters = run.ratings ? charactersOf(await this.rated.counts(run.ratings)) : await this.preferences.countCharacters(run.pairSetId!);
    const task = { files, readsReference, longest, characters };
    const plan = await this.choose(run, async (chosen) => {
      const { plan, given } = await inChild('planExamples', [{ ...task, hyperparameters: { ...hyperparameters, ...chosen } }]);
      if (plan) return plan;
      const message = `maxTokens ${maxTokens} leaves none of the ${given} longest completions any room after its prompt`;
      throw unprocessable('no_training_data', '/hyperparameters/maxTokens', 'min', message, maxTokens);
    });
    return { plan };
  }

  private async rollouts(run: PlannedRun): Promise<Planned> {
    const settings = run.hyperparameters as RolloutHyperparameters;
    const policy = await this.versions.loadConfig(run.policyVersionId);
    const room = policy.maxPositionEmbeddings - settings.maxTokens;
    let promptTokens = 0;
    for (const name of ['promptSetId', 'evaluationPromptSetId'] as const) {
      const promptSetId = run[name];
      if (promptSetId === null) continue;
      const prompts = (await this.promptSets.members(promptSetId)).map(contentOf);
      const longest = await inChild('longestPrompt', [await this.versions.loadSmallFiles(run.policyVersionId), prompts]);
      if (longest > room) throw tooLong(name, longest, room, promptSetId);
      promptTokens = Math.max(promptTokens, longest);
    }
    const models = { policy, rewardParameters: await this.rewardParameters(run), value: await this.valueModel(run, policy) };
    let extra: RolloutExtra | undefined;
    const plan = await this.choose(run, async (chosen) => {
      const planned = await inChild('planRollouts', [models, { ...settings, ...chosen }, promptTokens]);
      extra = planned.extra;
      return planned.plan;
    });
    return { plan, extra };
  }

  private async valueModel({ method, hyperparameters, rewards }: PlannedRun, policy: ModelConfig): Promise<RolloutModels['value']> {
    if (method !== 'ppo') return undefined;
    const settings = hyperparameters as PpoHyperparameters;
    // The reward model does not exist yet: it will have the policy's size.
    const start = (await this.valueStarts.config(settings, rewards ?? [])) ?? policy;
    return { start, ownStart: settings.valueStart === 'reward-model' };
  }

  /** Bytes of all members: each source has its own in memory. */
  private async rewardParameters({ rewards }: PlannedRun): Promise<number> {
    const ids = (rewards ?? []).flatMap((source) => (source.type === 'reward-model' ? [source.rewardModelId] : []));
    let parameters = 0;
    for (const id of ids) {
      for (const { modelId } of await this.rewardModels.trainedMembers(id)) parameters += (await this.models.get(modelId)).parameterCount;
    }
    return parameters;
  }
}

/** A plan as returned by the API. */
const told = ({ tokens: _, ...plan }: PolicyPlan & MicroBatch): Omit<PolicyPlan, 'tokens'> & MicroBatch => plan;

const settled = ({ choosesMicroBatch: _, ...run }: PlannedRun, microBatchTokens: number | null): Omit<PlannedRun, 'choosesMicroBatch'> => ({
  ...run,
  hyperparameters: { ...run.hyperparameters, microBatchTokens },
});

function charactersOf(counts: readonly RatedCounts[]): Record<'train' | 'eval', number> {
  const of = (split: 'train' | 'eval'): number => counts.find((row) => row.split === split)?.characters ?? 0;
  return { train: of('train'), eval: of('eval') };
}

function tooLong(name: string, tokens: number, room: number, promptSetId: string): ProblemException {
  const message = `a prompt of the set has ${tokens} tokens; maxTokens leaves room for ${room}`;
  return unprocessable('prompt_too_long', `/${name}`, 'max', message, promptSetId);
}

/** @throws ProblemException 422 `tokenizer_failed`, `chat_template_failed`, 503 `plan_timed_out`, `too_many_plans` */
async function inChild<K extends keyof Tasks>(name: K, args: Parameters<Tasks[K]>): Promise<ReturnType<Tasks[K]>> {
  try {
    return (await sandbox.call<Tasks, K>('#src/training/plans/plan-task.js', name, args as never, { milliseconds: planMilliseconds })) as ReturnType<Tasks[K]>;
  } catch (error) {
    throw sandboxProblem(error, '/policyVersionId');
  }
}
