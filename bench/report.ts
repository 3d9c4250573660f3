// What every benchmark yields, and the three ways in which it is shown: a table, JSON, Markdown.
import { availableParallelism, cpus, totalmem } from 'node:os';
import { table } from '../scripts/terminal/table.js';

export interface BenchCase {
  name: string;
  unit: string;
  /** A median, unless the name says otherwise. */
  ours: number;
  /** The same with what one would use instead, in the same run; null where that is not at hand. */
  peer: number | null;
  peerName: string | null;
  /** ours / peer, whichever of the two directions is the better one. */
  ratio: number | null;
  /** What the ratio should at least be; null where nothing was promised. */
  goal: number | null;
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  node: string;
}

export interface BenchReport {
  machine: Machine;
  cases: BenchCase[];
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  };
}

export function benchCase(name: string, unit: string, ours: number, peer?: { name: string; value: number }, goal?: number): BenchCase {
  return {
    name,
    unit,
    ours: rounded(ours),
    peer: peer ? rounded(peer.value) : null,
    peerName: peer?.name ?? null,
    ratio: peer ? rounded(ours / peer.value) : null,
    goal: goal ?? null,
  };
}

const header = ['case', 'unit', 'ours', 'peer', 'ratio', 'goal', 'peer is'];

export function asTable({ machine, cases }: BenchReport): string {
  return `${machineLine(machine)}\n\n${table(header, cases.map(cells))}`;
}

export function asMarkdown({ machine, cases }: BenchReport): string {
  const row = (columns: readonly string[]) => `| ${columns.join(' | ')} |`;
  const rows = [header, header.map(() => '---'), ...cases.map(cells)].map(row);
  return `${machineLine(machine)}, ${new Date().toISOString().slice(0, 10)}.\n\n${rows.join('\n')}`;
}

function machineLine({ cpu, cores, memoryGiB, node }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}`;
}

function cells({ name, unit, ours, peer, ratio, goal, peerName }: BenchCase): string[] {
  const shown = (value: number | null) => (value === null ? '-' : value.toLocaleString('en-US', { maximumSignificantDigits: 5 }));
  return [name, unit, shown(ours), shown(peer), shown(ratio), shown(goal), peerName ?? '-'];
}

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
