// What the documentation points to is there: links, their anchors, and the files that it names.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Notes of a day name files as they were then; their links are checked, not these names. */
const notebooks = /^docs\/(lab|adr)\//;
const named = /`((?:src|test|scripts|tools|bench|web|sdk|migrations|docs|models|samples)\/[\w./-]+\.[a-z]+)`/g;
const link = /\]\(([^)\s]+)\)/g;

/** One line for each broken link, anchor or file name, `file: what`. */
export function brokenReferences(): string[] {
  const inside = (dir: string) => (existsSync(dir) ? readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name)) : []);
  const pages = [...readdirSync('.'), ...inside('docs'), ...inside('models')].filter((name) => name.endsWith('.md'));
  return pages.flatMap((page) => {
    const text = readFileSync(page, 'utf8');
    const prose = withoutFences(text);
    const files = notebooks.test(page) ? [] : [...text.matchAll(named)].map(([, file]) => file).filter((file) => !existsSync(file));
    const links = [...prose.matchAll(link)].map(([, target]) => target).filter((target) => !/^[a-z]+:/.test(target) && !resolves(page, target));
    return [...files.map((file) => `${page}: there is no ${file}`), ...links.map((target) => `${page}: link to ${target}`)];
  });
}

function resolves(page: string, target: string): boolean {
  const [path, anchor] = target.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || !file.endsWith('.md') || anchorsOf(file).has(anchor);
}

/** As GitHub makes them of headings. */
function anchorsOf(file: string): Set<string> {
  const headings = [...withoutFences(readFileSync(file, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  return new Set(headings.map((heading) => heading.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}

const withoutFences = (text: string): string => text.replace(/^```[^]*?^```/gm, '');
