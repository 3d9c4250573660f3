import { operationsOf, type Document } from './document.js';
import type { Schema } from './routes.js';

const prefix = '#/components/schemas/';

/** The name that a node refers to, if it refers to a schema. */
export function refName(node: Schema): string | undefined {
  return typeof node.$ref === 'string' && node.$ref.startsWith(prefix) ? node.$ref.slice(prefix.length) : undefined;
}

export const refTo = (name: string) => `${prefix}${name}`;

/** Calls `visit` with every object below `value`, parents first. */
export function walk(value: unknown, visit: (node: Schema) => void): void {
  if (Array.isArray(value)) value.forEach((each) => walk(each, visit));
  else if (typeof value === 'object' && value !== null) {
    visit(value as Schema);
    for (const [key, inner] of Object.entries(value)) if (key !== 'example' && key !== 'default') walk(inner, visit);
  }
}

/** What requests say, and the names of the schemas that requests and answers lead to. */
export function reachOf(document: Document): { requests: unknown[]; inRequests: Set<string>; inAnswers: Set<string> } {
  const operations = operationsOf(document);
  const requests = operations.map(({ parameters, requestBody }) => [parameters, requestBody]);
  const closure = (start: unknown) => {
    const names = new Set<string>();
    const follow = (value: unknown) =>
      walk(value, (node) => {
        const name = refName(node);
        if (name === undefined || names.has(name)) return;
        names.add(name);
        follow(document.components.schemas[name]);
      });
    follow(start);
    return names;
  };
  return { requests, inRequests: closure(requests), inAnswers: closure(operations.map(({ responses }) => responses)) };
}
