/** Writes small GGUF files for tests, wrong ones included: what is given is written as it is. */

/** Numbers of the value types. */
export const valueType = { u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10, i64: 11, f64: 12 };

export interface FixtureTensor {
  name: string;
  /** As stored: innermost first. */
  dims: number[];
  type: number;
  data: Uint8Array;
  /** Instead of the next free place. */
  offset?: number;
}

export class GgufBytes {
  private readonly bytes: number[] = [];

  get length(): number {
    return this.bytes.length;
  }

  raw(values: Iterable<number>): this {
    for (const value of values) this.bytes.push(value);
    return this;
  }

  number(type: number, value: number | bigint): this {
    const view = new DataView(new ArrayBuffer(8));
    const [integer, float] = [BigInt.asUintN(64, BigInt(type === 6 || type === 12 ? 0 : value)), Number(value)];
    if (type === 6) view.setFloat32(0, float, true);
    else if (type === 12) view.setFloat64(0, float, true);
    else view.setBigUint64(0, integer, true);
    const width = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8][type];
    return this.raw(new Uint8Array(view.buffer, 0, width));
  }

  u32 = (value: number): this => this.number(valueType.u32, value);
  u64 = (value: number | bigint): this => this.number(valueType.u64, value);

  text(value: string): this {
    const utf8 = new TextEncoder().encode(value);
    return this.u64(utf8.length).raw(utf8);
  }

  /** A value of the type that fits: text, flag, integer (u32 or i32), float32, or a list of one of them. */
  value(value: unknown): this {
    if (Array.isArray(value)) return this.u32(valueType.array).list(value);
    return this.u32(typeOf(value)).bare(value);
  }

  private bare(value: unknown, type = typeOf(value)): this {
    if (typeof value === 'string') return this.text(value);
    return this.number(type, Number(value));
  }

  private list(items: unknown[]): this {
    const types = items.map(typeOf);
    const type = types.find((found) => found === valueType.f32) ?? types[0] ?? valueType.u32;
    this.u32(type).u64(items.length);
    for (const item of items) if (Array.isArray(item)) this.list(item); else this.bare(item, type);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

function typeOf(value: unknown): number {
  if (Array.isArray(value)) return valueType.array;
  if (typeof value === 'string') return valueType.string;
  if (typeof value === 'boolean') return valueType.bool;
  if (!Number.isInteger(value)) return valueType.f32;
  return (value as number) < 0 ? valueType.i32 : valueType.u32;
}

export function ggufFile(
  metadata: Record<string, unknown>,
  tensors: FixtureTensor[] = [],
  { version = 3, alignment = 32 }: { version?: number; alignment?: number } = {},
): Uint8Array {
  const out = new GgufBytes().raw(new TextEncoder().encode('GGUF')).u32(version);
  out.u64(tensors.length).u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) out.text(key).value(value);
  const pad = (length: number): number => Math.ceil(length / alignment) * alignment;
  const data = new GgufBytes();
  for (const { name, dims, type, data: bytes, offset = pad(data.length) } of tensors) {
    out.text(name).u32(dims.length);
    for (const dim of dims) out.u64(dim);
    out.u32(type).u64(offset);
    data.raw(new Uint8Array(pad(data.length) - data.length)).raw(bytes);
  }
  return out.raw(new Uint8Array(pad(out.length) - out.length)).raw(data.finish()).finish();
}
