/**
 * The methods, and all that runs ask of one: its settings, what its DTOs are, how it is trained, what is said of it. A new method
 * is a file in rl/methods, a DTO here, and an entry in this table (docs/recipes/add-a-training-method.md).
 */
import type { Type } from '@nestjs/common';
import type { Verdict } from '#src/common/findings.js';
import type { PreferenceGroup } from '#src/rl/batch/preference-groups.js';
import { byLoss, byReward, type JudgedBy } from '#src/rl/checkpoints.js';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import type { DatasetResult, DatasetTask } from '#src/rl/datasets/dataset-trainer.js';
import { completeDpo, trainDpo } from '#src/rl/methods/dpo.js';
import { completeGrpo, trainGrpo } from '#src/rl/methods/grpo.js';
import { completeKto, trainKto } from '#src/rl/methods/kto.js';
import { completePpo, trainPpo } from '#src/rl/methods/ppo.js';
import { completeRloo, trainRloo } from '#src/rl/methods/rloo.js';
import { completeSft, trainSft } from '#src/rl/methods/sft.js';
import type { RolloutResult, RolloutTask } from '#src/rl/rollouts/rollout-trainer.js';
import type { DatasetHyperparameters, RolloutHyperparameters } from '#src/rl/settings.js';
import type { RewardSource } from '../rewards/reward-sources.js';
import { auditDpo, auditKto, auditSft, type AuditedDatasetRun } from '../verdicts/verdict-dataset.js';
import { CreateDpoRunDto, DpoHyperparametersDto, DpoSummaryDto } from './dpo.dto.js';
import { CreateGrpoRunDto, GrpoHyperparametersDto } from './grpo.dto.js';
import { CreateKtoRunDto, KtoHyperparametersDto, KtoSummaryDto, type RatedDataDto } from './kto.dto.js';
import { CreatePpoRunDto, PpoHyperparametersDto } from './ppo.dto.js';
import { CreateRlooRunDto, RlooHyperparametersDto } from './rloo.dto.js';
import { RolloutSummaryDto, type DatasetSummaryDto } from './run-bodies.dto.js';
import { CreateSftRunDto, SftHyperparametersDto, SftSummaryDto } from './sft.dto.js';

interface Method<H> {
  /** Fills in what a request leaves out. */
  complete: (given: Partial<H>) => H;
  /** What an evaluation is judged by. */
  judge: JudgedBy;
  dtos: { body: Type; hyperparameters: Type; summary: Type };
}

/** Data figures of a result on recorded completions. */
interface Lengths {
  /** Training completions, those left out too. */
  completions: number;
  /** Truncated ones among these, and ones left out because their prompt leaves no room. */
  truncated: number;
  dropped: number;
}

/** Groups by prompt, with pairs or with labels. */
interface RecordedData {
  train: PreferenceGroup[];
  evaluation: PreferenceGroup[];
}

/** Learns from recorded completions. */
export interface DatasetMethod<H extends DatasetHyperparameters = DatasetHyperparameters, R extends DatasetResult & Lengths = DatasetResult & Lengths, D extends object = RecordedData> extends Method<H> {
  /** Preferences of a pair set, or ratings as they are. */
  source: 'pairs' | 'ratings';
  /** A reference reads the training data once more than the epochs do. */
  readsReference: boolean;
  /** Which completions of a prompt are learned. */
  learned: (hyperparameters: H) => 'completions' | 'chosen' | 'best';
  train: (task: DatasetTask<H> & D) => Promise<R>;
  /** The summary, but for what all such methods have. */
  summarize: (result: R) => object;
  audit: (run: AuditedDatasetRun) => Verdict;
}

/** Learns from completions that it samples. */
export interface RolloutMethod<H extends RolloutHyperparameters = RolloutHyperparameters> extends Method<H> {
  train: (task: RolloutTask<H> & { valueStart?: Checkpoint }) => Promise<RolloutResult>;
}

const recorded = <H extends DatasetHyperparameters, R extends DatasetResult & Lengths, G extends object, D extends Method<H>['dtos'], S extends 'pairs' | 'ratings'>(
  method: Omit<DatasetMethod<H, R, { train: G[]; evaluation: G[] }>, 'dtos' | 'source'> & { dtos: D; source: S },
) => ({ ...method, data: 'recorded' as const });
const sampled = <H extends RolloutHyperparameters, D extends Method<H>['dtos']>(method: Omit<RolloutMethod<H>, 'dtos'> & { dtos: D }) => ({ ...method, data: 'sampled' as const });

export const methods = {
  sft: recorded({
    complete: completeSft,
    judge: byLoss,
    dtos: { body: CreateSftRunDto, hyperparameters: SftHyperparametersDto, summary: SftSummaryDto },
    source: 'pairs',
    readsReference: false,
    learned: ({ completions }) => completions,
    train: trainSft,
    summarize: ({ examples, evaluationExamples, before, after }) => ({
      examples,
      evaluationExamples,
      tokenAccuracyBefore: before.mean_token_accuracy,
      tokenAccuracyAfter: after.mean_token_accuracy,
    }),
    audit: auditSft,
  }),
  dpo: recorded({
    complete: completeDpo,
    judge: byLoss,
    dtos: { body: CreateDpoRunDto, hyperparameters: DpoHyperparametersDto, summary: DpoSummaryDto },
    source: 'pairs',
    readsReference: true,
    learned: () => 'completions',
    train: trainDpo,
    summarize: ({ pairs, evaluationPairs, after }) => ({
      pairs,
      evaluationPairs,
      accuracy: after['rewards/accuracies'],
      margin: after['rewards/margins'],
      chosenReward: after['rewards/chosen'],
      rejectedReward: after['rewards/rejected'],
    }),
    audit: auditDpo,
  }),
  kto: recorded({
    complete: completeKto,
    judge: byLoss,
    dtos: { body: CreateKtoRunDto, hyperparameters: KtoHyperparametersDto, summary: KtoSummaryDto },
    source: 'ratings',
    readsReference: true,
    learned: () => 'completions',
    train: trainKto,
    summarize: ({ examples, desirable, evaluationExamples, after }) => ({
      examples,
      desirable,
      evaluationExamples,
      desirableReward: after['rewards/chosen'] ?? null,
      undesirableReward: after['rewards/rejected'] ?? null,
      margin: after['rewards/margins'] ?? null,
      referencePoint: after.kl,
    }),
    audit: auditKto,
  }),
  grpo: sampled({
    complete: completeGrpo,
    judge: byReward,
    dtos: { body: CreateGrpoRunDto, hyperparameters: GrpoHyperparametersDto, summary: RolloutSummaryDto },
    train: trainGrpo,
  }),
  rloo: sampled({
    complete: completeRloo,
    judge: byReward,
    dtos: { body: CreateRlooRunDto, hyperparameters: RlooHyperparametersDto, summary: RolloutSummaryDto },
    train: trainRloo,
  }),
  ppo: sampled({
    complete: completePpo,
    judge: byReward,
    dtos: { body: CreatePpoRunDto, hyperparameters: PpoHyperparametersDto, summary: RolloutSummaryDto },
    train: trainPpo,
  }),
};

export type TrainingMethod = keyof typeof methods;

type Methods = typeof methods;
export type HyperparametersOf = { [M in TrainingMethod]: ReturnType<Methods[M]['complete']> };
export type CreateTrainingRun = { [M in TrainingMethod]: InstanceType<Methods[M]['dtos']['body']> }[TrainingMethod];
/** The body of a request by its method. */
export const createRunTypes = Object.fromEntries(Object.entries(methods).map(([method, { dtos }]) => [method, dtos.body])) as {
  [M in TrainingMethod]: Methods[M]['dtos']['body'];
};

export type SummaryOf = { [M in TrainingMethod]: InstanceType<Methods[M]['dtos']['summary']> };
export type RolloutSummary = RolloutSummaryDto;
export type DatasetSummary = DatasetSummaryDto;
export type RecordedMethod = { [M in TrainingMethod]: Methods[M]['data'] extends 'recorded' ? M : never }[TrainingMethod];
export type SampledMethod = Exclude<TrainingMethod, RecordedMethod>;

export type PairedMethod = { [M in RecordedMethod]: Methods[M]['source'] extends 'pairs' ? M : never }[RecordedMethod];

export const isRecorded = (method: TrainingMethod): method is RecordedMethod => methods[method].data === 'recorded';
export const isPaired = (method: TrainingMethod): method is PairedMethod => isRecorded(method) && methods[method].source === 'pairs';
export const judgeOf = (method: TrainingMethod): JudgedBy => methods[method].judge;

/** For callers that know the method by its name alone: settings are those that `complete` of the same method gave. */
export const datasetMethod = (method: RecordedMethod): DatasetMethod => methods[method] as unknown as DatasetMethod;
export const rolloutMethod = (method: SampledMethod): RolloutMethod => methods[method] as unknown as RolloutMethod;

/** The settings of a run of this method, as a request gives them, completed. */
export const completeFor = (method: TrainingMethod, given: object): HyperparametersOf[TrainingMethod] =>
  (methods[method] as unknown as Method<object>).complete(given) as HyperparametersOf[TrainingMethod];

/** What a run names, checked. */
export interface RunSources {
  /** Reward model, if it is the only reward source; else null. */
  rewardModelId: string | null;
  /** Of the methods that sample, as are the prompt sets. */
  rewards: RewardSource[] | null;
  promptSetId: string | null;
  evaluationPromptSetId: string | null;
  /** Of the methods that learn from pairs. */
  pairSetId: string | null;
  /** Of the methods that learn from ratings as they are. */
  ratings: RatedData | null;
}

/** Which ratings a run learns from, and what makes a completion desirable; defaults are filled in. */
export type RatedData = Required<RatedDataDto> & { promptSetId: string | null; completionBatchId: string | null };

/** A run, before it has a row. */
export interface PlannedRun extends RunSources {
  method: TrainingMethod;
  policyVersionId: string;
  hyperparameters: HyperparametersOf[TrainingMethod];
  /** The request gives no micro-batch size: it is chosen for this machine. */
  choosesMicroBatch: boolean;
}
