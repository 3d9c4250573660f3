// The CUDA files of ONNX Runtime, which are too large for the npm package: its own installer fetches them from NuGet.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface GpuInstall {
  ok: boolean;
  /** What was done or why not, a line each. */
  lines: string[];
}

/** `packageDir` is that of onnxruntime-node; `platform` as in `linux-x64`. */
export function installCuda(packageDir: string, platform = `${process.platform}-${process.arch}`): GpuInstall {
  if (platform !== 'linux-x64') {
    return { ok: false, lines: [`ONNX Runtime offers no CUDA files for ${platform}, only for linux-x64; EXECUTION_PROVIDER=webgpu needs none`] };
  }
  const bin = join(packageDir, 'bin/napi-v6/linux/x64');
  const before = filesOf(bin);
  const script = join(packageDir, 'script/install.js');
  const done = spawnSync(process.execPath, [script, '--onnxruntime-node-install'], { encoding: 'utf8' });
  const added = [...filesOf(bin)].filter(([name]) => name.includes('_providers_'));
  const complete = added.some(([name]) => name.includes('providers_cuda')) && added.some(([name]) => name.includes('providers_shared'));
  if (done.status !== 0 || !complete) {
    const reason = lastError(done.stderr) ?? lastError(done.stdout) ?? `its installer failed with ${done.status ?? done.signal}`;
    return {
      ok: false,
      lines: [`the CUDA files could not be fetched: ${reason}`, 'they come from api.nuget.org, which this machine must reach (GLOBAL_AGENT_HTTPS_PROXY names a proxy)'],
    };
  }
  const lines = added.map(([name, size]) => `${before.get(name) === size ? 'there already' : 'installed'}: ${name}, ${Math.round(size / 2 ** 20)} MiB`);
  return { ok: true, lines: [...lines, `in ${bin}`, 'CUDA 12 and cuDNN 9 must be installed on the machine; `npm run doctor` tells whether CUDA works'] };
}

function filesOf(folder: string): Map<string, number> {
  if (!existsSync(folder)) return new Map();
  return new Map(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).size]));
}

/** The line of an output that tells what went wrong, for a person. */
function lastError(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const cause = lines.find((line) => /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|EACCES|ENOSPC/.test(line)) ?? lines.find((line) => /^(\w*Error|Failed)\b/.test(line));
  return (cause ?? lines.find((line) => !/^(at |node:|Node\.js |\^)/.test(line)))?.slice(0, 300);
}
