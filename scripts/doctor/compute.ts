// Execution providers, each tried in a process of its own.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { ProbeResult } from './probe.js';
import type { Finding } from './report.js';

const run = promisify(execFile);
const patienceMs = 120_000;
const hints: Record<string, string> = { cuda: '; `npm run gpu:install` fetches its files, CUDA 12 and cuDNN 9 are the machine\'s' };

/** `configured` is EXECUTION_PROVIDER: it must work, the others may. */
export async function providerFinding(provider: string, configured: string, threads: number, probe = probeFile): Promise<Finding> {
  const name = `provider ${provider}`;
  const result = await probed(provider, threads, probe);
  const chosen = provider === configured;
  if ('reason' in result) return { name, status: chosen ? 'failed' : 'absent', detail: `${result.reason}${hints[provider] ?? ''}` };
  const gflops = Math.round(result.flops / 1e9);
  const detail = `${gflops} GFLOP/s; a product differs from the reference by ${result.error.toExponential(1)}${chosen ? '; the one in use' : ''}`;
  return { name, status: 'ok', detail, gflops };
}

const probeFile = fileURLToPath(new URL('probe.js', import.meta.url));

async function probed(provider: string, threads: number, probe: string): Promise<ProbeResult> {
  try {
    const { stdout } = await run(process.execPath, [probe, provider, String(threads)], { timeout: patienceMs });
    return JSON.parse(stdout) as ProbeResult;
  } catch (error) {
    const { killed, signal, code } = error as { killed?: boolean; signal?: string; code?: number };
    return { reason: killed ? `did not finish within ${patienceMs / 1000} s` : `the test process ended with ${signal ?? `exit code ${code}`}` };
  }
}
