// A worker process of its own, to be killed: its handler reports progress for ever and writes `running`.
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { startNode } from './jobs-fixture.js';

@HandlesJob('pair-set.build')
class EndlessHandler implements JobHandler<'pair-set.build'> {
  async run(_: { pairSetId: string }, context: JobContext): Promise<void> {
    process.stdout.write('running\n');
    for (let i = 0; ; i++) {
      await context.progress(i, null, 'rounds');
      await sleep(20, undefined, { signal: context.signal });
    }
  }
}

@Module({ providers: [EndlessHandler] })
class EndlessModule {}

const node = await startNode(process.env as Record<string, string>, ['pair-building'], [EndlessModule]);
process.once('SIGTERM', () => void node.close().then(() => process.exit(0)));
