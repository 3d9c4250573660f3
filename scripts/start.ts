// npm start: the API and one worker on one machine, until Ctrl-C.
import { run, signalled } from '#src/process/process.js';
import { startPlumbline } from '#src/process/supervisor.js';

await run(async () => {
  const plumbline = await startPlumbline({ api: true, workers: [process.argv.slice(2)] });
  console.log(`Plumbline serves at ${plumbline.url} (API reference: ${plumbline.url}/docs)`);
  if (plumbline.firstKey) console.log(`First admin key, shown this once: ${plumbline.firstKey}`);
  const code = await Promise.race([plumbline.ended, signalled()]);
  await plumbline.stop();
  process.exit(code);
});
