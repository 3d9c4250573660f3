// TypeScript of the repository as JavaScript that `node` runs, for specs that need a process of their own.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Folder that holds the sources of `folders`; below node_modules so that they find the packages, and no build is needed. */
export function transpile(folders: readonly string[]): string {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, 'transpiled-'));
  writeFileSync(join(out, 'package.json'), '{"type":"module","imports":{"#src/*":"./src/*"}}');
  const file = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { config } = file as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, noEmit: false }, root);
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext };
  for (const folder of folders) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((path) => path.endsWith('.ts') && !path.includes('.spec.'))) {
      const target = join(out, folder, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      const source = readFileSync(join(root, folder, name), 'utf8');
      writeFileSync(target, ts.transpileModule(source, { compilerOptions, fileName: name }).outputText);
    }
  }
  return out;
}
