// Finds the process that owns a taken port, if the system allows.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A line for the terminal, in place of EADDRINUSE. */
export async function portTaken(host: string, port: number): Promise<string> {
  const owner = listenerOf(port);
  const who = owner ? `process ${owner.pid} (${owner.command})` : 'another program';
  const ours = await isPlumbline(host, port);
  return `port ${port} of ${host} is in use by ${ours ? `another Plumbline, ${who}` : who}: stop it or set PORT`;
}

async function isPlumbline(host: string, port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${host.includes(':') ? `[${host}]` : host}:${port}/openapi.json`, { signal: AbortSignal.timeout(1500) });
    return (await answer.text()).slice(0, 2000).includes('Plumbline');
  } catch {
    return false;
  }
}

interface Listener {
  pid: number;
  command: string;
}

/** Linux shows it for processes that this user may inspect. */
function listenerOf(port: number): Listener | undefined {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(file, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of tryList('/proc').filter((name) => /^\d+$/.test(name))) {
    const holds = tryList(`/proc/${pid}/fd`).some((fd) => inodes.has(/^socket:\[(\d+)\]$/.exec(tryLink(`/proc/${pid}/fd/${fd}`))?.[1] ?? ''));
    if (holds) return { pid: Number(pid), command: tryRead(`/proc/${pid}/cmdline`).split('\0').join(' ').trim().slice(0, 80) };
  }
  return undefined;
}

function listeningInodes(file: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return tryRead(file)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(wanted) && state === '0A')
    .map((fields) => fields[9]);
}

const attempt = <T>(work: () => T, otherwise: T): T => {
  try {
    return work();
  } catch {
    return otherwise;
  }
};
const tryList = (path: string): string[] => attempt(() => readdirSync(path), []);
const tryLink = (path: string): string => attempt(() => readlinkSync(path), '');
const tryRead = (path: string): string => attempt(() => readFileSync(path, 'utf8'), '');
