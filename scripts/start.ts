// npm start: the API and one worker on one machine, until Ctrl-C.
import { run, stopped, stopSignal, queuesOf } from '#src/process/process.js';
import { startPlumbline } from '#src/process/supervisor.js';

await run(async () => {
  const signal = stopSignal();
  const args = process.argv.slice(2);
  // Before anything is started.
  queuesOf(args);
  const plumbline = await startPlumbline({ api: true, workers: [args], signal });
  console.log(`Plumbline serves at ${plumbline.url} (API reference: ${plumbline.url}/docs)`);
  console.log(`API process ${plumbline.apiPid}, worker ${plumbline.workerPids.join(', ')}; Ctrl-C stops all processes`);
  if (plumbline.firstKey) console.log(`First admin key (shown only once): ${plumbline.firstKey}`);
  const code = await Promise.race([plumbline.ended, stopped(signal)]);
  await plumbline.stop();
  process.exit(code);
});
