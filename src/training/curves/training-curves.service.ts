// The curves of a run: step by step, in few points, and beside the findings of its verdict.
import { Injectable } from '@nestjs/common';
import type { Finding } from '#src/common/findings.js';
import { pageRequest, type Page } from '#src/common/pagination.js';
import { notFound, unprocessable } from '#src/common/problem.js';
import type { CurvePoint } from '#src/jobs/downsample.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { pick } from '#src/jobs/pick.js';
import type { TrainingRun } from '../training-run.entity.js';
import type { TrainingMetricDto, TrainingMetricsQuery } from '../training-runs.dto.js';
import { TrainingRunsRepository } from '../training-runs.repository.js';
import { seriesOf } from './check-series.js';
import type { TrainingDiagnosticsDto } from './training-diagnostics.dto.js';

/** Enough for a plot. */
const diagnosticPoints = 100;
/** Whoever may read the run may read its curve, whichever key started the job. */
const anyone = { vendorId: null };

@Injectable()
export class TrainingCurvesService {
  constructor(
    private readonly runs: TrainingRunsRepository,
    private readonly jobs: JobsService,
  ) {}

  /** @throws ProblemException 422 `step_range_empty` */
  async metrics(id: string, query: TrainingMetricsQuery): Promise<Page<TrainingMetricDto>> {
    const { jobId } = await this.run(id);
    const { afterStep, from = afterStep === undefined ? undefined : afterStep + 1, to, maxPoints } = query;
    if (from !== undefined && to !== undefined && from > to) {
      throw unprocessable('step_range_empty', '/to', 'min', `ends before it begins, at step ${from}`, to);
    }
    const names = query.names?.split(',').map((name) => name.trim());
    if (maxPoints !== undefined) {
      const points = await this.jobs.curve(anyone, jobId, maxPoints, { from, to }, names);
      return { data: points.map(entryOf), nextCursor: null, hasMore: false };
    }
    const page = await this.jobs.metrics(anyone, jobId, pageRequest(query, 'ordinal'), { from, to });
    return { ...page, data: page.data.map(({ step, values }) => ({ step, values: pick(values, names), bucket: null })) };
  }

  /** While a run goes on there is no verdict yet, and the series of all checks that its method may make. */
  async diagnostics(id: string): Promise<TrainingDiagnosticsDto> {
    const { jobId, verdict, summary } = await this.run(id);
    const findings = verdict?.findings ?? [];
    const points = await this.jobs.curve(anyone, jobId, diagnosticPoints);
    const recorded = new Set(points.flatMap(({ mean }) => Object.keys(mean)));
    const evidence = findings.map((finding: Finding) => ({ ...finding, series: seriesOf(finding.check).filter((name) => recorded.has(name)) }));
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

const entryOf = ({ step, fromStep, steps, mean, min, max, notFinite }: CurvePoint): TrainingMetricDto => ({
  step,
  values: mean,
  bucket: { fromStep, steps, min, max, notFinite },
});

const pointOf = ({ step, mean, min, max }: CurvePoint, name: string): TrainingDiagnosticsDto['series'][number]['points'] =>
  Object.hasOwn(mean, name) ? [{ step, mean: mean[name], min: min[name], max: max[name] }] : [];
