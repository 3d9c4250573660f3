// A whole Plumbline of its own, for benchmarks and fault drills: fresh database in a temporary folder, API and
// workers as processes, gone afterwards.
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.js';
import { ensureDatabase } from '#src/database/migrate.js';
import { startPlumbline } from '#src/process/supervisor.js';
import { Plumbline } from '#sdk/client.js';

export interface TemporarySystem {
  url: string;
  adminKey: string;
  /** The header that carries it. */
  authorization: string;
  client: Plumbline;
  databaseUrl: string;
  apiPid: number;
  workerPids: number[];
  /** What a further process needs to be part of it. */
  env: Record<string, string>;
  /** Where API and worker write; kept when something went wrong. */
  logFile: string;
}

export interface TemporarySystemOptions {
  workers: number;
  /** Over the settings of a temporary system. */
  env?: Record<string, string>;
}

const adminKey = 'plk_admin_of_a_temporary_system';

/** Runs `work` on a fresh system; the database has the settings that `npm start` gives it. */
export async function withSystem<T>(options: TemporarySystemOptions, work: (system: TemporarySystem) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-temporary-'));
  const logFile = join(dir, 'plumbline.log');
  const postgres = await startEmbeddedPostgres({ dir: join(dir, 'postgres') });
  let stop = () => postgres.stop();
  const remove = () => rmSync(dir, { recursive: true, force: true });
  const interrupted = () =>
    void stop().finally(() => {
      remove();
      process.exit(130);
    });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  let done = false;
  try {
    await ensureDatabase(postgres.url);
    const env = {
      DATABASE_URL: postgres.url,
      PLUMBLINE_DATA_DIR: dir,
      PLUMBLINE_ADMIN_KEY: adminKey,
      PORT: '0',
      RATE_LIMIT_PER_MINUTE: '10000000',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'json',
      ...options.env,
    };
    const workers = Array.from({ length: options.workers }, () => []);
    const plumbline = await startPlumbline({ api: true, workers, restart: false, env, output: openSync(logFile, 'a') });
    stop = () => plumbline.stop().then(() => postgres.stop());
    const url = plumbline.url!;
    const client = new Plumbline({ baseUrl: url, apiKey: adminKey });
    const result = await work({ url, adminKey, authorization: `Bearer ${adminKey}`, client, databaseUrl: postgres.url, apiPid: plumbline.apiPid!, workerPids: plumbline.workerPids, env, logFile });
    done = true;
    return result;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, interrupted);
    await stop();
    if (done) remove();
    else process.stderr.write(`plumbline: the log of the system under test is ${logFile}\n`);
  }
}
