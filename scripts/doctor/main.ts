// npm run doctor [-- --json]: what this machine has, and whether what the settings ask for works. Exit code 1 when
// something configured does not, 2 when the command was wrong.
import { parseArgs } from 'node:util';
import { ConfigError, executionProviders, readConfig } from '#src/config/config.js';
import { providerFinding } from './compute.js';
import { coresFinding, diskFinding, memoryFinding, nodeFinding } from './machine.js';
import { asJson, asText, healthy, type Finding } from './report.js';
import { databaseFinding, redisFinding } from './services.js';

process.exitCode = await main();

async function main(): Promise<number> {
  let json: boolean | undefined;
  try {
    ({ json } = parseArgs({ options: { json: { type: 'boolean' } } }).values);
  } catch (error) {
    process.stderr.write(`plumbline: ${(error as Error).message}; usage: npm run doctor -- [--json]\n`);
    return 2;
  }
  const findings = await examine();
  console.log(json ? asJson(findings) : asText(findings));
  return healthy(findings) ? 0 : 1;
}

async function examine(): Promise<Finding[]> {
  let config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Nothing can be said about what the settings ask for.
    return [nodeFinding(), ...error.mistakes.map((detail): Finding => ({ name: 'settings', status: 'failed', detail })), memoryFinding()];
  }
  const { computeThreads, executionProvider, dataDir, databaseUrl, redisUrl } = config;
  const findings = [nodeFinding(), coresFinding(computeThreads), memoryFinding(), diskFinding(dataDir)];
  findings.push(await databaseFinding(databaseUrl), await redisFinding(redisUrl));
  // One after the other: they are measured.
  for (const provider of executionProviders) findings.push(await providerFinding(provider, executionProvider, computeThreads));
  return findings;
}
