/** The metadata of a GGUF file by key, asked for by kind; a value of another kind is named in the error. */
import { GgufError } from './gguf-error.js';

export type NumericArray =
  | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array
  | Float32Array | Float64Array | BigUint64Array | BigInt64Array;

export type MetadataValue = number | bigint | boolean | string | NumericArray | MetadataValue[];

export class Metadata {
  constructor(private readonly values: ReadonlyMap<string, MetadataValue>) {}

  has(key: string): boolean {
    return this.values.has(key);
  }

  keys(): string[] {
    return [...this.values.keys()];
  }

  get(key: string): MetadataValue | undefined {
    return this.values.get(key);
  }

  /** A non-negative whole number; `fallback` when the key is absent. Throws GgufError without either. */
  count(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    if (!Number.isSafeInteger(value) || value < 0) throw this.wrong(key, 'a whole number of at least 0');
    return value;
  }

  /** As `count`; undefined when the key is absent. */
  optionalCount(key: string): number | undefined {
    return this.has(key) ? this.count(key) : undefined;
  }

  number(key: string, fallback?: number): number {
    const value = this.values.get(key) ?? fallback;
    if (value === undefined) throw new GgufError(`metadata "${key}" is missing`);
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) throw this.wrong(key, 'a number');
    return number;
  }

  text(key: string): string | undefined {
    const value = this.values.get(key);
    if (value !== undefined && typeof value !== 'string') throw this.wrong(key, 'text');
    return value;
  }

  flag(key: string): boolean | undefined {
    const value = this.values.get(key);
    if (value !== undefined && typeof value !== 'boolean') throw this.wrong(key, 'true or false');
    return value;
  }

  texts(key: string): string[] | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
    if (!isTexts) throw this.wrong(key, 'a list of texts');
    return value;
  }

  numbers(key: string): ArrayLike<number> | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    if (!ArrayBuffer.isView(value)) throw this.wrong(key, 'a list of numbers');
    return value instanceof BigInt64Array || value instanceof BigUint64Array ? Array.from(value, Number) : value;
  }

  private wrong(key: string, kind: string): GgufError {
    const value = this.values.get(key);
    const shown = typeof value === 'object' ? `a list of ${value.length}` : JSON.stringify(String(value));
    return new GgufError(`metadata "${key}" must be ${kind}, got ${shown}`);
  }
}
