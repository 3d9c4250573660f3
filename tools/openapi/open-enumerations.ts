import type { Document } from './document.js';
import { reachOf, refName, refTo, walk } from './reach.js';
import type { Schema } from './routes.js';

/** Sets that cannot grow, since they are complete by their meaning. */
const complete = new Set(['ComparisonSide', 'Preference', 'Split', 'EvaluatedSplit', 'LineageDirection']);

/**
 * An enumeration in an answer is open: a string, with its known values in `x-extensible-enum`, so that a client does not
 * break on the next value (ADR 135). Where requests name the same set it stays closed there, under the name `Known...`. Schemas that requests
 * and answers share, such as hyperparameters, keep the closed set.
 */
export function openEnumerations(document: Document): void {
  const { schemas } = document.components;
  const { requests, inRequests } = reachOf(document);
  const isEnum = (name: string) => Array.isArray(schemas[name]?.enum) && !complete.has(name);
  const closed = new Set<string>();
  const opened = new Set<string>();
  const uses: { node: Schema; name: string }[] = [];
  const collect = (value: unknown) =>
    walk(value, (node) => {
      const name = refName(node);
      if (name === undefined || !isEnum(name)) return;
      closed.add(name);
      uses.push({ node, name });
    });
  collect(requests);
  for (const [name, schema] of Object.entries(schemas)) {
    if (inRequests.has(name)) collect(schema);
    else walk(schema, (node) => opened.add(refName(node) ?? ''));
  }
  for (const { node, name } of uses) if (opened.has(name)) node.$ref = refTo(`Known${name}`);
  for (const name of [...opened].filter(isEnum)) {
    const { enum: values, description, ...rest } = schemas[name];
    if (closed.has(name)) schemas[`Known${name}`] = { ...rest, enum: values };
    const known = `One of ${(values as string[]).map((value) => `\`${value}\``).join(', ')}; others may be added.`;
    schemas[name] = { ...rest, description: [description, known].filter(Boolean).join(' '), 'x-extensible-enum': values };
  }
}
