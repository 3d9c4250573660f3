import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { logContext } from '#src/common/log-context.js';
import type { Config } from '#src/config/config.js';

/** Parts of Nest that log every module and route at each boot. */
const chatter = new Set<unknown>(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication', 'NestApplicationContext']);

/** Nest's logger on pino: one JSON object per line, or a short readable line on a terminal. */
export class PinoLogger implements LoggerService {
  private readonly pino: Logger;

  constructor(config: Config, process: 'api' | 'worker' | 'supervisor') {
    const options = {
      level: config.logLevel,
      base: { process },
      mixin: () => ({ ...logContext.getStore() }),
      // An error of the database has the values of its query beside its message, which may be texts of prompts.
      serializers: { err: ({ name, message, stack, code }: Error & { code?: unknown }) => ({ type: name, message, stack, code }) },
      redact: { paths: ['authorization', 'secret', '*.authorization', '*.secret'], censor: '[hidden]' },
    };
    this.pino = config.logPretty ? pino(options, { write: (line: string) => writeReadable(line) }) : pino(options);
  }

  log(message: unknown, ...rest: unknown[]): void {
    const [fields, text] = entry(message, rest);
    this.pino[chatter.has(fields.context) ? 'debug' : 'info'](fields, text);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.pino.error(...entry(message, rest));
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.pino.warn(...entry(message, rest));
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.pino.debug(...entry(message, rest));
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.pino.trace(...entry(message, rest));
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.pino.fatal(...entry(message, rest));
  }
}

/** Nest passes the context last; a stack, when there is one, before it. */
function entry(message: unknown, rest: unknown[]): [Record<string, unknown>, string] {
  const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
  const stack = rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
  const fields = { ...(context && { context }), ...(stack && { stack }) };
  if (message instanceof Error) return [{ ...fields, err: message }, message.message];
  if (typeof message === 'object' && message !== null) {
    const { msg = '', ...more } = message as { msg?: string };
    return [{ ...fields, ...more }, msg];
  }
  return [fields, String(message)];
}

interface Line extends Record<string, unknown> {
  time: number;
  level: number;
  process: string;
  context?: string;
  msg?: string;
  stack?: string;
  err?: { stack?: string };
}

/** Fields that are logged separately or are only noise. */
const placed = new Set(['time', 'level', 'pid', 'hostname', 'process', 'context', 'msg', 'stack', 'err']);

function writeReadable(text: string): void {
  const line = JSON.parse(text) as Line;
  const { time, level, context, msg = '', stack = line.err?.stack } = line;
  const label = pino.levels.labels[level].toUpperCase().padEnd(5);
  const clock = new Date(time).toISOString().slice(11, 19);
  const fields = Object.entries(line).flatMap(([name, value]) => (placed.has(name) ? [] : [` ${name}=${String(value)}`])).join('');
  process.stdout.write(`${clock} ${label} [${line.process}] ${context ? `${context}: ` : ''}${msg}${fields}${stack ? `\n${stack}` : ''}\n`);
}
