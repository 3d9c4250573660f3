import type { Document } from './document.js';
import { reachOf, refName, walk } from './reach.js';
import type { Schema } from './routes.js';

/**
 * Unknown fields of a request are refused, and the document says so. Schemas of requests alone are closed themselves;
 * those that answers share are closed where a request refers to them, since answers may grow.
 */
export function closeRequests(document: Document): void {
  const { schemas } = document.components;
  const { requests, inRequests, inAnswers } = reachOf(document);
  const isObject = (schema: Schema | undefined) => schema?.type === 'object' && schema.properties !== undefined;
  const closeUses = (value: unknown) =>
    walk(value, (node) => {
      const name = refName(node);
      if (name !== undefined && inAnswers.has(name) && isObject(schemas[name])) node.unevaluatedProperties = false;
    });
  closeUses(requests);
  for (const name of inRequests) {
    if (inAnswers.has(name)) continue;
    closeUses(schemas[name]);
    if (isObject(schemas[name])) schemas[name].additionalProperties ??= false;
  }
}
