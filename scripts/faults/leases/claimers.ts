// A client of the drill `leases`: one process of several labelers, which claim and answer tasks over HTTP until the batch
// is over, or until the process is killed.
import { KeepAliveClient } from '../../bench/system/keep-alive.js';
import { Claimer } from './claimer.js';
import type { ClaimersReport, ClaimersTask } from './messages.js';

const task = JSON.parse(process.argv[2]) as ClaimersTask;
const client = new KeepAliveClient({ url: task.url, authorization: `Bearer ${task.adminKey}` }, task.labelers.length);
const report = { now: emptyReport() };

process.on('disconnect', () => process.exit(1));
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
