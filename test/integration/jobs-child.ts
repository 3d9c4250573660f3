// A worker process of its own, to be killed or stuck: its handler writes `running` and then does what DOING says.
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { pulse } from '#src/common/pulse.js';
import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { startNode } from './jobs-fixture.js';

/** Holds the event loop, as a session's run does. */
const block = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const doings: Record<string, (context: JobContext) => Promise<void>> = {
  /** Reports progress for ever. */
  rounds: async (context) => {
    for (let i = 0; ; i++) {
      await context.progress(i, null, 'rounds');
      await sleep(20, undefined, { signal: context.signal });
    }
  },
  /** One long step of a computation, through which the event loop has no turn. */
  compute: async (context) => {
    pulse.computing(() => block(Number(process.env.BLOCK_MS)));
    await context.commit(() => Promise.resolve());
  },
  /** The same, of code that does not compute. */
  stuck: (context) => {
    block(Number(process.env.BLOCK_MS));
    return context.commit(() => Promise.resolve());
  },
  /** Saves something, and is killed before it is through. */
  keeping: async (context) => {
    await context.kept();
    process.kill(process.pid, 'SIGKILL');
  },
};

@HandlesJob('pair-set.build')
class ChildHandler implements JobHandler<'pair-set.build'> {
  async run(_: { pairSetId: string }, context: JobContext): Promise<void> {
    process.stdout.write('running\n');
    await doings[process.env.DOING ?? 'rounds'](context);
  }
}

@Module({ providers: [ChildHandler] })
class ChildModule {}

const node = await startNode(process.env as Record<string, string>, ['pair-building'], [ChildModule]);
process.once('SIGTERM', () => void node.close().then(() => process.exit(0)));
