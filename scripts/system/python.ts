import { spawnSync } from 'node:child_process';
import { setting } from '#src/config/environment.js';

/** A Python that has all of these packages: the variable PYTHON, or python3; undefined when neither has. */
export function pythonWith(...packages: string[]): string | undefined {
  const candidates = [setting('PYTHON'), 'python3'].filter((name) => name !== undefined);
  return candidates.find((python) => spawnSync(python, ['-c', `import ${packages.join(', ')}`], { stdio: 'ignore' }).status === 0);
}
