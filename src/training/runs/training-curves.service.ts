// The curves of a run: step by step, in few points, and beside the findings of its verdict.
import { Injectable } from '@nestjs/common';
import type { VerdictFinding } from '#src/common/findings.js';
import type { Page } from '#src/common/pagination.js';
import { notFound } from '#src/common/problem.js';
import type { CurveEntryDto, CurveQuery } from '#src/jobs/curves.dto.js';
import { CurvesService } from '#src/jobs/curves.service.js';
import type { CurvePoint } from '#src/jobs/downsample.js';
import type { TrainingRun } from './training-run.entity.js';
import { TrainingRunsRepository } from './training-runs.repository.js';
import type { TrainingDiagnosticsDto } from './training-diagnostics.dto.js';

/** Enough for a plot. */
const diagnosticPoints = 100;

@Injectable()
export class TrainingCurvesService {
  constructor(
    private readonly runs: TrainingRunsRepository,
    private readonly curves: CurvesService,
  ) {}

  /** @throws ProblemException 422 `step_range_empty` */
  async metrics(id: string, query: CurveQuery): Promise<Page<CurveEntryDto>> {
    return this.curves.page((await this.run(id)).jobId, query);
  }

  /** While a run goes on there is no verdict yet, and the series of all checks that its method may make. */
  async diagnostics(id: string): Promise<TrainingDiagnosticsDto> {
    const { jobId, verdict, summary } = await this.run(id);
    const findings = verdict?.findings ?? [];
    const points = await this.curves.points(jobId, diagnosticPoints);
    const recorded = new Set(points.flatMap(({ mean }) => Object.keys(mean)));
    const evidence = findings.map((finding: VerdictFinding) => ({ ...finding, series: seriesOf(finding.check).filter((name) => recorded.has(name)) }));
    const used = verdict ? new Set(evidence.flatMap(({ series }) => series)) : recorded;
    return {
      status: verdict?.status ?? null,
      stopped: summary?.stopped ?? null,
      findings: evidence,
      series: [...used].map((name) => ({ name, points: points.flatMap((point) => pointOf(point, name)) })),
    };
  }

  private async run(id: string): Promise<TrainingRun> {
    const run = await this.runs.find(id);
    if (!run) throw notFound('training_run', id);
    return run;
  }
}

const pointOf = ({ step, mean, min, max }: CurvePoint, name: string): TrainingDiagnosticsDto['series'][number]['points'] =>
  Object.hasOwn(mean, name) ? [{ step, mean: mean[name], min: min[name], max: max[name] }] : [];

/** Which metrics of the curve each check of an audit looked at: what to plot beside its finding. */
export const seriesOfCheck: Readonly<Record<string, readonly string[]>> = {
  finite: ['loss', 'grad_norm'],
  loss_fall: ['loss', 'eval_loss'],
  overfitting: ['loss', 'eval_loss'],
  held_out: ['eval_loss', 'eval_reward'],
  shortened: [],
  preference_accuracy: ['rewards/accuracies', 'eval_rewards/accuracies'],
  margin_size: ['rewards/margins', 'eval_rewards/margins'],
  desirability_margin: ['rewards/margins', 'eval_rewards/margins'],
  reference_point: ['kl', 'eval_kl'],
  likelihood_displacement: ['logps/chosen', 'logps/rejected', 'eval_rewards/chosen'],
  reward_gain: ['reward', 'eval_reward'],
  kl_size: ['kl_k3', 'kl'],
  kl_slope: ['kl_k3', 'kl'],
  entropy_collapse: ['entropy'],
  zero_std_groups: ['frac_reward_zero_std'],
  step_size: ['policy/approxkl_avg', 'val/ratio'],
  clipping: ['policy/clipfrac_avg', 'clip_ratio/region_mean'],
  value_fit: ['val/var_explained', 'loss/value_avg'],
  truncation: ['completions/clipped_ratio'],
  length_gaming: ['completions/mean_length', 'reward_length_correlation', 'reward'],
  evaluation_gain: ['reward', 'eval_reward'],
  stopped_diverged: ['loss', 'grad_norm'],
  stopped_kl_budget: ['kl_k3'],
};

/** Empty for a check that looks at no curve. */
export const seriesOf = (check: string): string[] => [...(seriesOfCheck[check] ?? [])];
