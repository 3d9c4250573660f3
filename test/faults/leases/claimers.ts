// A client of the drill `leases`: one process of several labelers, which wait for their task and then claim and answer
// over HTTP until the batch is over, or until the process is killed.
import { once } from 'node:events';
import { KeepAliveClient } from '../../../bench/system/keep-alive.js';
import { Claimer } from './claimer.js';
import type { ClaimersReport, ClaimersTask } from './messages.js';

process.on('disconnect', () => process.exit(1));
process.send!('ready');
const [task] = (await once(process, 'message')) as [ClaimersTask];
const client = new KeepAliveClient({ url: task.url, authorization: `Bearer ${task.adminKey}` }, task.labelers.length);
const report = { now: emptyReport() };

// As any tool does that shows the batch first; it also opens the connections.
await Promise.all(task.labelers.map(() => client.send('GET', `/v1/labeling-batches/${task.batchId}`)));
const timer = setInterval(tell, 250);
await Promise.all(task.labelers.map((labeler) => new Claimer(labeler, task, client, report).work()));
clearInterval(timer);
tell();
process.removeAllListeners('disconnect');
process.disconnect();
client.close();

function tell(): void {
  process.send!(report.now);
  report.now = emptyReport();
}

function emptyReport(): ClaimersReport {
  return { claimMs: [], submitMs: [], claimed: [], accepted: [], late: 0, forgotten: 0, unexpected: [] };
}
