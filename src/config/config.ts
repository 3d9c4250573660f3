// The environment, read once at boot into one frozen value. Every mistake is one line, and all of them
// are reported at once. Only this folder reads process.env.
import { isIP } from 'node:net';
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { readEndpointKeys, type EndpointKey } from './endpoint-keys.js';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Data folder: embedded Postgres and artifacts. Absolute. */
  readonly dataDir: string;
  /** External Postgres; absent: the embedded one. */
  readonly databaseUrl?: string;
  /** Database connections that one process may hold. */
  readonly databasePoolSize: number;
  /** Redis for the queue; absent: the queue is in Postgres. */
  readonly redisUrl?: string;
  /** Folder of the artifact store. Absolute. */
  readonly artifactsDir: string;
  readonly logLevel: LogLevel;
  readonly logPretty: boolean;
  /** Plain text of the first admin key; absent: one is generated and printed. */
  readonly adminKey?: string;
  /** Requests per minute of one key, and failed requests of one address. */
  readonly rateLimitPerMinute: number;
  /** Trusted proxies, by number or addresses: their `x-forwarded-for` is used. */
  readonly trustProxy: false | number | readonly string[];
  /** Origins of browser pages that may call the API; `*`: any. */
  readonly corsOrigins: readonly string[];
  /** Seconds after which a body that is received too slowly is aborted. */
  readonly slowBodySeconds: number;
  /** Seconds that running requests get to finish at shutdown. */
  readonly shutdownGraceSeconds: number;
  /** Largest JSON body in bytes. */
  readonly bodyLimitBytes: number;
  /** Largest NDJSON body or artifact upload in bytes. */
  readonly uploadLimitBytes: number;
  /** Seconds without a heartbeat after which a worker loses its job. */
  readonly jobLeaseSeconds: number;
  /** Seconds between saves of a training's progress; 0: after every step. */
  readonly saveEverySeconds: number;
  /** Memory limit of one training, in bytes. */
  readonly memoryLimitBytes: number;
  /** Threads of ONNX Runtime in a worker; 0 means one per core. */
  readonly computeThreads: number;
  /** ONNX Runtime execution provider of the workers. */
  readonly executionProvider: ExecutionProvider;
  /** Whether policy endpoints may have loopback and private addresses. */
  readonly allowPrivateEndpoints: boolean;
  /** Whether webhook endpoints may have loopback and private addresses, and plain http. */
  readonly allowPrivateWebhooks: boolean;
  /** Seconds that a webhook receiver has to respond. */
  readonly webhookTimeoutSeconds: number;
  /** Age in days at which events that all consumers have read are deleted; 0 keeps them indefinitely. */
  readonly eventRetentionDays: number;
  /** 32 bytes that encrypt secrets which must stay readable, such as webhook secrets; absent: stored in plain text. */
  readonly secretsKey?: Buffer;
  /** Keys of policy endpoints, by the name of their variable. */
  readonly endpointKeys: Readonly<Record<string, EndpointKey>>;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];

export const executionProviders = ['cpu', 'cuda', 'webgpu'] as const;
export type ExecutionProvider = (typeof executionProviders)[number];

export class ConfigError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('\n'));
  }
}

/** @throws ConfigError with one line per mistake: the variable, the rule and the value. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const mistakes: string[] = [];
  const text = (name: string) => (env[name]?.trim() ? env[name].trim() : undefined);

  const integer = (name: string, fallback: number, min: number, max: number): number => {
    const raw = text(name);
    if (raw === undefined) return fallback;
    const value = Number(raw);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    mistakes.push(`${name} must be an integer from ${min} to ${max}, got '${raw}'`);
    return fallback;
  };

  const url = (name: string, protocols: string[]): string | undefined => {
    const raw = text(name);
    if (raw === undefined) return undefined;
    if (URL.canParse(raw) && protocols.includes(new URL(raw).protocol)) return raw;
    // The value may hold a password, so it is not repeated.
    mistakes.push(`${name} must be a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`);
    return undefined;
  };

  const oneOf = <T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const raw = text(name);
    if (raw === undefined || (values as readonly string[]).includes(raw)) return (raw as T) ?? fallback;
    mistakes.push(`${name} must be one of ${values.join(', ')}, got '${raw}'`);
    return fallback;
  };

  const list = (name: string) => (text(name) ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '');

  const proxies = (): Config['trustProxy'] => {
    const addresses = list('TRUST_PROXY');
    if (addresses.length === 0) return false;
    if (addresses.length === 1 && /^\d{1,2}$/.test(addresses[0])) return Number(addresses[0]) || false;
    const wrong = addresses.find((address) => !isAddressRange(address));
    if (wrong !== undefined) mistakes.push(`TRUST_PROXY must be a number of proxies or a list of their addresses, got '${wrong}'`);
    return wrong === undefined ? addresses : false;
  };

  const origins = (): string[] => {
    const given = list('CORS_ORIGINS');
    const wrong = given.find((origin) => origin !== '*' && (!URL.canParse(origin) || new URL(origin).origin !== origin));
    if (wrong !== undefined) mistakes.push(`CORS_ORIGINS must be origins such as https://app.example.com, or *, got '${wrong}'`);
    return given;
  };

  const adminKey = text('PLUMBLINE_ADMIN_KEY');
  if (adminKey !== undefined && adminKey.length < 24) {
    mistakes.push(`PLUMBLINE_ADMIN_KEY must have at least 24 characters, got ${adminKey.length}`);
  }
  const secretsKey = text('SECRETS_KEY') === undefined ? undefined : Buffer.from(text('SECRETS_KEY')!, 'base64');
  if (secretsKey !== undefined && secretsKey.length !== 32) {
    mistakes.push(`SECRETS_KEY must be 32 bytes in base64, as from \`openssl rand -base64 32\`, got ${secretsKey.length} bytes`);
  }
  const dataDir = resolve(text('PLUMBLINE_DATA_DIR') ?? '.plumbline');

  const config: Config = {
    host: text('HOST') ?? '127.0.0.1',
    port: integer('PORT', 3000, 0, 65_535),
    dataDir,
    databaseUrl: url('DATABASE_URL', ['postgres:', 'postgresql:']),
    databasePoolSize: integer('DATABASE_POOL_SIZE', 10, 1, 1000),
    redisUrl: url('REDIS_URL', ['redis:', 'rediss:']),
    artifactsDir: resolve(text('ARTIFACTS_DIR') ?? `${dataDir}/artifacts`),
    logLevel: oneOf('LOG_LEVEL', logLevels, 'info'),
    logPretty: oneOf('LOG_FORMAT', ['json', 'pretty'], process.stdout.isTTY ? 'pretty' : 'json') === 'pretty',
    adminKey,
    rateLimitPerMinute: integer('RATE_LIMIT_PER_MINUTE', 6000, 1, 10_000_000),
    trustProxy: proxies(),
    corsOrigins: origins(),
    slowBodySeconds: integer('SLOW_BODY_SECONDS', 30, 1, 3600),
    shutdownGraceSeconds: integer('SHUTDOWN_GRACE_SECONDS', 10, 0, 3600),
    bodyLimitBytes: integer('BODY_LIMIT_BYTES', 1_048_576, 1024, 1_073_741_824),
    uploadLimitBytes: integer('UPLOAD_LIMIT_BYTES', 2_147_483_648, 1024, 1_099_511_627_776),
    jobLeaseSeconds: integer('JOB_LEASE_SECONDS', 30, 1, 3600),
    saveEverySeconds: integer('SAVE_EVERY_SECONDS', 20, 0, 86_400),
    memoryLimitBytes: integer('MEMORY_LIMIT_BYTES', availableMemory(), 1_048_576, Number.MAX_SAFE_INTEGER),
    computeThreads: integer('COMPUTE_THREADS', 0, 0, 1024),
    executionProvider: oneOf('EXECUTION_PROVIDER', executionProviders, 'cpu'),
    allowPrivateEndpoints: oneOf('ALLOW_PRIVATE_ENDPOINTS', ['true', 'false'], 'false') === 'true',
    allowPrivateWebhooks: oneOf('ALLOW_PRIVATE_WEBHOOKS', ['true', 'false'], 'false') === 'true',
    webhookTimeoutSeconds: integer('WEBHOOK_TIMEOUT_SECONDS', 15, 1, 60),
    eventRetentionDays: integer('EVENT_RETENTION_DAYS', 90, 0, 36_500),
    secretsKey,
    endpointKeys: readEndpointKeys(env, (line) => mistakes.push(line)),
  };
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return Object.freeze(config);
}

/** `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
function isAddressRange(text: string): boolean {
  const [address, bits, ...rest] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!;
  return rest.length === 0 && most > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
}

/** The machine's, or what its control group allows. */
function availableMemory(): number {
  const constrained = process.constrainedMemory() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
