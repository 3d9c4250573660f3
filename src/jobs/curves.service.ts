// The curve of a job that trains: step by step, or in few points.
import { Injectable } from '@nestjs/common';
import { pageRequest, type Page } from '#src/common/pagination.js';
import { unprocessable } from '#src/common/problem.js';
import type { CurveEntryDto, CurveQuery } from './curves.dto.js';
import type { CurvePoint } from './downsample.js';
import { JobsService } from './jobs.service.js';
import { pick } from '#src/common/given.js';

/** Read access to what a job trains includes its curve, whichever key started the job. */
const anyone = { vendorId: null };

@Injectable()
export class CurvesService {
  constructor(private readonly jobs: JobsService) {}

  /** @throws ProblemException 422 `step_range_empty` */
  async page(jobId: string, query: CurveQuery): Promise<Page<CurveEntryDto>> {
    const { afterStep, from = afterStep === undefined ? undefined : afterStep + 1, to, maxPoints } = query;
    if (from !== undefined && to !== undefined && from > to) {
      throw unprocessable('step_range_empty', '/to', 'min', `must not be before the first step, ${from}`, to);
    }
    const names = query.names?.split(',').map((name) => name.trim());
    if (maxPoints !== undefined) {
      const points = await this.jobs.curve(anyone, jobId, maxPoints, { from, to }, names);
      return { data: points.map(entryOf), nextCursor: null, hasMore: false };
    }
    const page = await this.jobs.metrics(anyone, jobId, pageRequest(query, 'ordinal'), { from, to });
    return { ...page, data: page.data.map(({ step, values }) => ({ step, values: pick(values, names), bucket: null })) };
  }

  /** All of it in at most so many points. */
  points(jobId: string, maxPoints: number): Promise<CurvePoint[]> {
    return this.jobs.curve(anyone, jobId, maxPoints);
  }
}

const entryOf = ({ step, fromStep, steps, mean, min, max, notFinite }: CurvePoint): CurveEntryDto => ({
  step,
  values: mean,
  bucket: { fromStep, steps, min, max, notFinite },
});
