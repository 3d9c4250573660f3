/** What a method of training is to the handler of training runs. */
import type { JobContext } from '#src/jobs/job-handler.js';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import type { Verdict } from '#src/common/findings.js';
import type { Stopped } from '#src/rl/step-loop.js';
import type { SummaryOf, TrainingMethod } from '../methods/training-methods.js';
import type { Metrics, TrainingProgress } from '#src/lm/files/training-progress.js';
import type { TrainedWeights } from '#src/rl/policy/policy-weights.js';

export interface TrainedRun<S extends SummaryOf[TrainingMethod] = SummaryOf[TrainingMethod]> extends TrainedWeights {
  /** Of the steps taken. */
  metrics: Metrics[];
  summary: S;
  verdict: Verdict;
  /** The run ended before its last step; `checkpoint` is the last good one. */
  stopped?: Stopped;
}

interface RecordedStep {
  step: number;
  metrics: Metrics;
  progress: TrainingProgress;
  weights: () => TrainedWeights;
}

export interface RunInputs {
  /** Start, and reference where there is one. */
  checkpoint: Checkpoint;
  /** Goes on after this. */
  resume?: TrainingProgress;
  /** Called after every step; keeps its metrics and, now and then, its weights and its progress. */
  record: (report: RecordedStep, totalSteps: number) => Promise<void>;
  threads: number | undefined;
  context: JobContext;
}
