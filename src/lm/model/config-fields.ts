/** Readers of single fields of a `config.json`, which name the field when it is wrong. */

export class ConfigError extends Error {
  override name = 'ConfigError';
}

export type Json = Record<string, unknown>;

export function count(json: Json, field: string, fallback?: number): number {
  const value = json[field] ?? fallback;
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new ConfigError(`${field} must be a positive integer, got ${JSON.stringify(value)}`);
  }
  return value as number;
}

/** More than any real model has: parameters are listed layer by layer, and a claim of a billion must not be. */
const maxLayers = 10_000;

export function layerCount(json: Json, field: string): number {
  const layers = count(json, field);
  if (layers > maxLayers) throw new ConfigError(`${field} must be at most ${maxLayers}, got ${layers}`);
  return layers;
}

export function positive(json: Json, field: string, fallback?: number): number {
  const value = json[field] ?? fallback;
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
    throw new ConfigError(`${field} must be a positive number, got ${JSON.stringify(value)}`);
  }
  return value;
}

export function tokenIds(json: Json, field: string): number[] {
  const value = json[field] ?? [];
  const ids = Array.isArray(value) ? value : [value];
  if (!ids.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)) {
    throw new ConfigError(`${field} must be a token id or a list of them, got ${JSON.stringify(value)}`);
  }
  return ids as number[];
}

/** Each refused part by name, with whether the configuration uses it. */
export function refuse(parts: readonly (readonly [string, boolean])[]): void {
  const found = parts.find(([, present]) => present);
  if (found) throw new ConfigError(`${found[0]} is not supported`);
}
