import type { Job, JobEvent } from './job.entity.js';
import type { JobSignals } from './job-signals.js';
import { terminal } from './job-state.js';
import type { JobViewer } from './jobs.repository.js';
import type { JobsService } from './jobs.service.js';

const pollMs = 5000;
const heartbeatMs = 15_000;

/**
 * A job as server-sent events: every stored event after `lastId` with its id, in between `progress` events,
 * which are snapshots without an id, and comments that keep the connection alive. Ends after the event that
 * made the job terminal.
 */
export async function* jobEventStream(
  jobs: JobsService,
  signals: JobSignals,
  viewer: JobViewer,
  jobId: string,
  lastId: string,
  shown: (job: Job) => object,
): AsyncGenerator<string> {
  const watch = signals.watch(jobId);
  try {
    yield 'retry: 2000\n\n';
    let version = 0;
    let spokeAt = Date.now();
    for (;;) {
      // The job is read before its events, so that a terminal job has all of them.
      const job = await jobs.get(viewer, jobId);
      for (let events = await jobs.events(jobId, lastId); events.length > 0; events = await jobs.events(jobId, lastId)) {
        for (const event of events) yield frame(event);
        lastId = events[events.length - 1].id;
      }
      if (terminal(job.state) || signals.closed.aborted) return;
      if (job.version !== version) {
        yield `event: progress\ndata: ${JSON.stringify(shown(job))}\n\n`;
        version = job.version;
        spokeAt = Date.now();
      } else if (Date.now() - spokeAt >= heartbeatMs) {
        yield ': still here\n\n';
        spokeAt = Date.now();
      }
      await watch.changed(pollMs);
    }
  } finally {
    watch.stop();
  }
}

function frame({ id, type, jobId, data, createdAt }: JobEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ jobId, type, ...data, createdAt })}\n\n`;
}
