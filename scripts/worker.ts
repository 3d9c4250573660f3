// npm run worker [-- --queues reward-training,fine-tuning]: one more worker beside a running system.
import { run, stopped, stopSignal, queuesOf } from '#src/process/process.js';
import { startPlumbline } from '#src/process/supervisor.js';

await run(async () => {
  const signal = stopSignal();
  const args = process.argv.slice(2);
  // Before anything is started.
  queuesOf(args);
  const worker = await startPlumbline({ api: false, workers: [args], signal });
  const code = await Promise.race([worker.ended, stopped(signal)]);
  await worker.stop();
  process.exit(code);
});
