// Processes of the job system as the specs need them: any number of them over one database, each a Nest
// context of its own, with a handler whose doings the spec writes down under the id in the payload.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { newId } from '#src/common/id.js';
import { ConfigModule } from '#src/config/config.module.js';
import { readConfig } from '#src/config/config.js';
import { Database } from '#src/database/database.js';
import { HandlesJob, type JobContext, type JobHandler, type JobOutcome } from '#src/jobs/job-handler.js';
import { terminal, type JobState } from '#src/jobs/job-state.js';
import type { Job } from '#src/jobs/job.entity.js';
import { JobsWorkerModule } from '#src/jobs/jobs-worker.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { dataDirOf } from '../support/data-dirs.js';

export type Doing = (context: JobContext) => Promise<void | JobOutcome>;

/** What the handler does for a pair set, by its id. */
export const doings = new Map<string, Doing>();

@HandlesJob('pair-set.build')
export class ScriptedHandler implements JobHandler<'pair-set.build'> {
  async run({ pairSetId }: { pairSetId: string }, context: JobContext): Promise<void | JobOutcome> {
    return doings.get(pairSetId)!(context);
  }
}

@Module({ providers: [ScriptedHandler] })
export class ScriptedModule {}

export const everyone = { vendorId: null };

export interface Node {
  get<T>(token: Type<T> | string): T;
  close(): Promise<void>;
}

/** A process without queues (`[]`), or a worker. */
export async function startNode(
  env: Record<string, string>,
  queues: string[],
  handlers: Type[] = [ScriptedModule],
): Promise<Node> {
  const config = readConfig({ JOB_LEASE_SECONDS: '2', LOG_LEVEL: 'silent', PLUMBLINE_DATA_DIR: dataDirOf(env.DATABASE_URL), ...env });
  const jobs = queues.length > 0 ? [JobsWorkerModule.forQueues(queues), ...handlers] : [JobsModule];
  @Module({ imports: [ConfigModule.forRoot(config), ...jobs] })
  class Root {}
  const context: INestApplicationContext = await NestFactory.createApplicationContext(Root, {
    logger: false,
    abortOnError: false,
  });
  return { get: (token) => context.get(token, { strict: false }), close: () => context.close() };
}

export async function enqueue(node: Node, doing: Doing, maxAttempts = 3): Promise<string> {
  const pairSetId = newId();
  doings.set(pairSetId, doing);
  const { id } = await node.get(Database).transaction((tx) =>
    node.get(JobsService).enqueue(tx, {
      type: 'pair-set.build',
      payload: { pairSetId },
      resultRef: { type: 'pair-set', id: pairSetId },
      auth: null,
      maxAttempts,
    }),
  );
  return id;
}

/** Waits for a state, by default for the end. */
export async function settled(node: Node, id: string, wanted?: JobState, ms = 20_000): Promise<Job> {
  const deadline = Date.now() + ms;
  let job = await node.get(JobsService).get(everyone, id);
  while (wanted ? job.state !== wanted : !terminal(job.state)) {
    if (Date.now() > deadline) throw new Error(`job ${id} is still ${job.state}, not ${wanted ?? 'terminal'}`);
    job = await node.get(JobsService).waitForChange(everyone, id, job.version, 500);
  }
  return job;
}

export async function eventTypes(node: Node, id: string): Promise<string[]> {
  return (await node.get(JobsService).events(id, '0')).map((event) => event.type);
}

/** Resolves when the job should stop, by throwing as a good handler does. */
export function untilStopped({ signal }: JobContext): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

export interface Redis {
  url: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** The Redis of the environment, or one of our own on a free port; undefined when there is neither. */
export async function startRedis(): Promise<Redis | undefined> {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, stop: () => Promise.resolve() };
  return startOwnRedis(await freePort());
}

/** One that holds nothing; undefined when there is no redis-server. */
export async function startOwnRedis(port: number): Promise<Redis | undefined> {
  const server = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1']);
  const ready = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.once('exit', () => resolve(false));
    server.stdout.on('data', (data: Buffer) => data.includes('Ready to accept') && resolve(true));
  });
  if (!ready) return undefined;
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  return { url: `redis://127.0.0.1:${port}`, stop: (signal = 'SIGTERM') => (server.kill(signal), ended) };
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
