// What the doctor found, and the two ways in which it is shown.
import { table } from '../terminal/table.js';

/** `absent`: does not work and is not configured; only `failed` makes the command fail. */
type Status = 'ok' | 'warning' | 'absent' | 'failed';

export interface Finding {
  name: string;
  status: Status;
  /** One line. */
  detail: string;
  /** Of a provider that works. */
  gflops?: number;
}

export const healthy = (findings: readonly Finding[]): boolean => findings.every(({ status }) => status !== 'failed');

export function asText(findings: readonly Finding[]): string {
  const rows = findings.map(({ name, status, detail }) => [name, status === 'failed' ? 'FAILED' : status, detail]);
  const failed = findings.filter(({ status }) => status === 'failed').map(({ name }) => name);
  return `${table(['what', 'status', 'detail'], rows)}\n\n${failed.length === 0 ? 'everything configured works' : `does not work: ${failed.join(', ')}`}`;
}

export function asJson(findings: readonly Finding[]): string {
  return JSON.stringify({ ok: healthy(findings), findings }, null, 2);
}
