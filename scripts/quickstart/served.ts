// What the scripted runs share: Plumbline up on embedded parts, the work done against it over REST, and down again.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setting } from '#src/config/environment.js';
import { readConfig, type Config } from '#src/config/config.js';
import { stopped, stopSignal } from '#src/process/process.js';
import { startPlumbline } from '#src/process/supervisor.js';

export interface ServedOptions {
  /** Of the log file. */
  name: string;
  /** Ends after the work; else it goes on serving until Ctrl-C. */
  exit: boolean;
}

/**
 * Never returns: the process ends with 1 when a promise was broken.
 *
 * @param work resolves with the promises that it did not keep, one line each
 */
export async function withPlumbline(
  { name, exit }: ServedOptions,
  work: (baseUrl: string, adminKey: string) => Promise<string[]>,
): Promise<void> {
  const signal = stopSignal();
  const config = readConfig();
  mkdirSync(config.dataDir, { recursive: true });
  const adminKey = config.adminKey ?? keptAdminKey(config.dataDir);
  const logFile = join(config.dataDir, `${name}.log`);
  const plumbline = await startPlumbline({
    api: true,
    workers: [[]],
    env: { PLUMBLINE_ADMIN_KEY: adminKey, LOG_FORMAT: 'json', PORT: setting('PORT') ?? String(await usualPort(config.port)) },
    output: openSync(logFile, 'a'),
    logFile,
    signal,
  });
  const interrupted = stopped(signal, 130);
  try {
    // Before the long stages: whoever wants to look on can.
    console.log(`Plumbline serves at ${plumbline.url} (API reference: ${plumbline.url}/docs); logs go to ${logFile}`);
    console.log(signIn(config, adminKey));
    const outcome = await Promise.race([work(plumbline.url!, adminKey), interrupted, plumbline.ended]);
    if (typeof outcome === 'number') return await finish(outcome);
    for (const line of outcome) console.error(`plumbline: ${line}`);
    if (exit) return await finish(outcome.length === 0 ? 0 : 1);
    console.log(`\n${signIn(config, adminKey)}Still serving at ${plumbline.url}, Ctrl-C ends it.`);
    await finish((await Promise.race([interrupted, plumbline.ended])) === 130 ? 0 : 1);
  } catch (error) {
    await plumbline.stop();
    throw error;
  }

  async function finish(code: number): Promise<void> {
    await plumbline.stop();
    process.exit(code);
  }
}

/** A key that the environment gave is known to who gave it. */
function signIn({ adminKey, dataDir }: Config, key: string): string {
  return adminKey ? '' : `Admin key (also in ${join(dataDir, 'quickstart-key')}): ${key}\n`;
}

/** Kept beside the data, so that a later start and `npm run ingest` can use it. */
function keptAdminKey(dataDir: string): string {
  const file = join(dataDir, 'quickstart-key');
  if (!existsSync(file)) writeFileSync(file, `plk_${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** The usual port when it is free, any other when it is not. */
function usualPort(port: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
