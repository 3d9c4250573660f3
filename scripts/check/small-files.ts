// A file under 40 lines belongs into its only importer, where that is in the same room and Nest or TypeORM need not find a class
// in it: reading a thing in one place is worth more than a name for each of its parts.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const fewestLines = 40;
const framework = /@(Injectable|Controller|Module|Entity|Catch|Global|HandlesJob)\(/;
const imported = /\bfrom\s+'([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm;

/** `src/jobs` of `src/jobs/job.entity.ts`. */
const roomOf = (file: string): string => file.split('/').slice(0, 2).join('/');

/** Small on purpose. */
const allowed: Readonly<Record<string, string>> = {
  'src/reward/models/reward-plan-task.ts': 'is run by name in the sandbox',
  'src/training/inputs/shared-vocabulary.ts': 'is run by name in the sandbox',
  'src/training/methods/rloo.dto.ts': "is a method's DTO, as each method has one",
  // Not yet.
  'src/labeling/batch-counts.ts': 'is being worked on',
  'src/pairs/labeler-weights.dto.ts': 'is being worked on',
  'src/ratings/gold-rules.ts': 'is being worked on',
  'src/process/allocator.ts': 'is read by scripts/bootstrap.mjs',
  'src/process/worker-health.ts': 'is also a program: the container calls it',
  'src/nn/optim/adamw-module.ts': 'is written by npm run wasm',
  'web/src/keyboard.ts': 'is pure and tested without a browser; its importer is a component',
  'web/src/session.ts': 'is pure and tested without a browser; its importer is a component',
};

/** Files with fewer lines than `fewestLines` and a single importer, in their room: `file (lines): importer`. */
export function smallFiles(): string[] {
  const files = ['src', 'web/src', 'scripts', 'bench', 'tools', 'test'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name)).filter((name) => /\.tsx?$/.test(name)),
  );
  const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
  const importers = new Map<string, Set<string>>();
  for (const [file, text] of texts) {
    if (/\.spec\.tsx?$/.test(file)) continue;
    for (const [, ...targets] of text.matchAll(imported)) {
      const target = resolved(file, targets.find((one) => one !== undefined)!, texts);
      if (target) importers.set(target, (importers.get(target) ?? new Set()).add(file));
    }
  }
  return [...texts].flatMap(([file, text]) => {
    if (!/^(src|web\/src)\//.test(file) || /\.(spec|fixture|gen)\.ts$/.test(file) || Object.hasOwn(allowed, file) || framework.test(text)) return [];
    const lines = text.split('\n').length - 1;
    const by = [...(importers.get(file) ?? [])];
    return lines < fewestLines && by.length === 1 && roomOf(by[0]) === roomOf(file) ? [`${file} (${lines}): ${by[0]}`] : [];
  });
}

function resolved(from: string, target: string, known: ReadonlyMap<string, string>): string | undefined {
  const path = target.startsWith('#') ? target.slice(1) : target.startsWith('.') ? normalize(join(dirname(from), target)) : undefined;
  return path && [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx'), `${path}.ts`, `${path}.tsx`].find((file) => known.has(file));
}
