import { refName } from './reach.js';
import type { Schema } from './routes.js';

const id = '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00';

/** A value of the schema: its example, or its required fields. */
export function sampleOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  if (schema.example !== undefined) return schema.example;
  const name = refName(schema);
  if (name !== undefined) return sampleOf(schemas[name], schemas);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const [first] = (schema.oneOf ?? schema.anyOf ?? []) as Schema[];
  if (first) return sampleOf(first, schemas);
  switch ([schema.type].flat()[0]) {
    case 'object': {
      const { properties = {}, required = [] } = schema as { properties?: Record<string, Schema>; required?: string[] };
      // One without required fields is shown with those that have an example.
      const shown = required.length > 0 ? required : Object.keys(properties).filter((key) => properties[key].example !== undefined);
      return Object.fromEntries(shown.map((key) => [key, sampleOf(properties[key], schemas)]));
    }
    case 'array':
      return Array.from({ length: Math.max(1, Number(schema.minItems ?? 1)) }, (_, index) => another(sampleOf(schema.items as Schema, schemas), index));
    case 'integer':
    case 'number':
      return schema.default ?? schema.minimum ?? 1;
    case 'boolean':
      return schema.default ?? false;
    case 'string':
      return schema.format === 'uuid' ? id : schema.format === 'date-time' ? '2026-11-25T12:00:00.000Z' : schema.format === 'uri' ? 'https://example.com' : 'text';
    default:
      return null;
  }
}

/** Items of a list differ. */
function another(value: unknown, index: number): unknown {
  return typeof value === 'string' && value.endsWith('0') ? `${value.slice(0, -1)}${index}` : value;
}
