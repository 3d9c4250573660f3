import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { PairBuildRepository } from './pair-build.repository.js';
import { buildSteps, PairBuilder } from './pair-builder.js';

@HandlesJob('pair-set.build')
export class PairSetHandler implements JobHandler<'pair-set.build'> {
  constructor(
    private readonly builder: PairBuilder,
    private readonly repository: PairBuildRepository,
  ) {}

  async run({ pairSetId }: { pairSetId: string }, context: JobContext): Promise<void> {
    await this.builder.build(pairSetId, async (step) => {
      context.signal.throwIfAborted();
      context.phase(step);
      await context.progress(buildSteps.indexOf(step), buildSteps.length, 'steps');
    });
    context.signal.throwIfAborted();
    // Building locks nothing of the job, so that it can be cancelled meanwhile; only who still holds the lease
    // may declare the set built.
    await context.commit((tx) => this.repository.markBuilt(tx, pairSetId));
    await context.progress(buildSteps.length, buildSteps.length, 'steps');
  }
}
