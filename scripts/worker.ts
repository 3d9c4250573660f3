// npm run worker [-- --queues reward-training,fine-tuning]: one more worker beside a running system.
import { run, signalled } from '#src/process/process.js';
import { startPlumbline } from '#src/process/supervisor.js';

await run(async () => {
  const worker = await startPlumbline({ api: false, workers: [process.argv.slice(2)] });
  const code = await Promise.race([worker.ended, signalled()]);
  await worker.stop();
  process.exit(code);
});
