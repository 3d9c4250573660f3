// What a run would take, told and enforced before it is queued. Its inputs must have been checked.
import { Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { unprocessable, type ProblemException } from '#src/common/problem.js';
import { sandbox } from '#src/common/sandbox.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { sandboxProblem } from '#src/policies/sandbox-problem.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { countSteps } from '#src/rl/batch/batch-plan.js';
import { planMilliseconds, PlanResourcesService } from '#src/reward/models/plan-resources.js';
import { PreferenceDataRepository } from '#src/reward/models/preference-data.repository.js';
import type { ExpectedAnswers } from '#src/rl/plan/expected-answers.js';
import { RewardModelMembersRepository } from '#src/reward/models/reward-model-members.repository.js';
import type { DatasetHyperparameters } from '#src/rl/methods/dataset-hyperparameters.js';
import type { PpoHyperparameters } from '#src/rl/methods/ppo-hyperparameters.js';
import { ValueStartService } from '../ppo/value-start.service.js';
import type { RolloutHyperparameters } from '#src/rl/rollouts/rollout-hyperparameters.js';
import type { SftHyperparameters } from '#src/rl/methods/sft-hyperparameters.js';
import type { NewTrainingRun } from '../training-runs.repository.js';
import type * as PlanTask from './plan-task.js';
import type { PolicyPlan } from '#src/rl/plan/policy-plan.js';
import type { RolloutExtra, RolloutModels } from '#src/rl/plan/rollout-extra.js';
import type { TrainingRunPlanDto } from './training-run-plan.dto.js';

type Tasks = typeof PlanTask;
export type PlannedRun = Omit<NewTrainingRun, 'id' | 'jobId'>;

/** A run whose reward model, of so many members, and pairs are still to be made. */
export type RunAhead = Pick<PlannedRun, 'method' | 'policyVersionId' | 'promptSetId' | 'hyperparameters'> & { rewardMembers: number };

const mebibyte = 1024 ** 2;

@Injectable()
export class TrainingRunPlansService {
  constructor(
    private readonly versions: PolicyVersionsService,
    private readonly preferences: PreferenceDataRepository,
    private readonly promptSets: PromptSetsService,
    private readonly members: RewardModelMembersRepository,
    private readonly valueStarts: ValueStartService,
    private readonly models: ModelsService,
    private readonly resources: PlanResourcesService,
  ) {}

  async plan(run: PlannedRun): Promise<TrainingRunPlanDto> {
    const { bytes, floatingPointOperations, ...counts } = await this.estimate(run);
    const { memoryLimitBytes: limitBytes, speed } = await this.resources.current();
    const secondsPerStep = floatingPointOperations / speed;
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
    if (method === 'sft' || method === 'dpo') {
      const files = await this.versions.loadSmallFiles(policyVersionId);
      const plan = await inChild('planExamplesAhead', [files, method, hyperparameters as DatasetHyperparameters, answers]);
      return this.requireRoom(plan.bytes.peak);
    }
    const { bytes, parameters } = await this.estimate({ ...ahead, rewardModelId: null, rewards: null, evaluationPromptSetId: null, pairSetId: null });
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

  private async countSteps({ method, pairSetId, hyperparameters }: PlannedRun): Promise<number> {
    if (pairSetId === null) return (hyperparameters as RolloutHyperparameters).steps;
    const sizes = await this.preferences.groupSizes(pairSetId);
    const selection = method === 'sft' ? (hyperparameters as SftHyperparameters).completions : 'completions';
    const learned = sizes.map(({ tokens, ...counts }) => ({ tokens, completions: counts[selection] }));
    return countSteps(learned.filter(({ completions }) => completions > 0), hyperparameters as DatasetHyperparameters);
  }

  private async estimate(run: PlannedRun): Promise<Omit<TrainingRunPlanDto, 'secondsPerStep' | 'steps' | 'seconds' | 'limitBytes' | 'fits'>> {
    const { plan, extra } = run.pairSetId === null ? await this.rollouts(run) : { plan: await this.examples(run, run.pairSetId), extra: undefined };
    const { bytes, floatingPointOperations, ...counts } = plan;
    const { innerEpochs = 1 } = run.hyperparameters as Partial<RolloutHyperparameters>;
    const [sampling, rewards, value] = [extra?.samplingBytes ?? 0, extra?.rewardBytes ?? 0, extra?.valueBytes ?? 0];
    return {
      ...counts,
      bytes: { ...bytes, sampling, rewards, value, peak: bytes.peak + sampling + rewards + value },
      floatingPointOperations: innerEpochs * floatingPointOperations + (extra?.floatingPointOperations ?? 0),
    };
  }

  private async examples({ policyVersionId, hyperparameters: given, method }: PlannedRun, pairSetId: string): Promise<PolicyPlan> {
    const hyperparameters = given as DatasetHyperparameters;
    const { batchSize, maxTokens } = hyperparameters;
    const files = await this.versions.loadSmallFiles(policyVersionId);
    // A group has at least two completions, so these are more than one step takes.
    const longest = await this.preferences.longestGroups(pairSetId, Math.ceil(batchSize / 2));
    const characters = await this.preferences.countCharacters(pairSetId);
    const task = { files, method: method === 'dpo' ? ('dpo' as const) : ('sft' as const), hyperparameters, longest, characters };
    const { plan, given: completions } = await inChild('planExamples', [task]);
    if (plan) return plan;
    const message = `with ${maxTokens} tokens none of the ${completions} longest completions has room behind its prompt`;
    throw unprocessable('no_training_data', '/hyperparameters/maxTokens', 'min', message, maxTokens);
  }

  private async rollouts(run: PlannedRun): Promise<{ plan: PolicyPlan; extra: RolloutExtra }> {
    const settings = run.hyperparameters as RolloutHyperparameters;
    const policy = await this.versions.loadConfig(run.policyVersionId);
    const room = policy.maxPositionEmbeddings - settings.maxTokens;
    let promptTokens = 0;
    for (const name of ['promptSetId', 'evaluationPromptSetId'] as const) {
      const promptSetId = run[name];
      if (promptSetId === null) continue;
      const texts = (await this.promptSets.members(promptSetId)).map(({ text }) => text);
      const longest = await inChild('longestPrompt', [await this.versions.loadSmallFiles(run.policyVersionId), texts]);
      if (longest > room) throw tooLong(name, longest, room, promptSetId);
      promptTokens = Math.max(promptTokens, longest);
    }
    const models = { policy, rewardParameters: await this.rewardParameters(run), value: await this.valueModel(run, policy) };
    return inChild('planRollouts', [models, settings, promptTokens]);
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
