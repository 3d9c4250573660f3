/** Element types of the engine. `bool` is stored one byte per element, as ONNX Runtime does. */
export type DType = 'float32' | 'int64' | 'int32' | 'uint8' | 'bool';

export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** A dense row-major tensor. `data.length` is always the product of `shape`. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Product of the dimensions; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function tensor(dtype: DType, data: TensorData, shape: readonly number[]): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`${data.length} elements do not fill a tensor of shape [${shape.join(', ')}]`);
  }
  return { dtype, shape: [...shape], data };
}

/** float32 tensor; a Float32Array is taken over without a copy. */
export function f32(data: Float32Array | readonly number[], shape: readonly number[]): Tensor {
  return tensor('float32', data instanceof Float32Array ? data : Float32Array.from(data), shape);
}

/** int64 tensor, the type of token ids and gather indices. */
export function i64(data: readonly number[] | BigInt64Array, shape: readonly number[]): Tensor {
  return tensor('int64', data instanceof BigInt64Array ? data : BigInt64Array.from(data, BigInt), shape);
}

export function i32(data: readonly number[] | Int32Array, shape: readonly number[]): Tensor {
  return tensor('int32', data instanceof Int32Array ? data : Int32Array.from(data), shape);
}

/** Completes the element types; graphs make theirs by comparing. @public */
export function bools(data: readonly (boolean | number)[] | Uint8Array, shape: readonly number[]): Tensor {
  return tensor('bool', data instanceof Uint8Array ? data : Uint8Array.from(data, (v) => (v ? 1 : 0)), shape);
}

/** uint8 tensor, the type of packed weights; the array is taken over without a copy. */
export function u8(data: Uint8Array, shape: readonly number[]): Tensor {
  return tensor('uint8', data, shape);
}

/** A tensor of zeros of the given type (default float32). */
export function zeros(shape: readonly number[], dtype: DType = 'float32'): Tensor {
  return tensor(dtype, allocate(dtype, sizeOf(shape)), shape);
}

/** float32 scalar, shape []. */
export function scalarTensor(value: number): Tensor {
  return f32([value], []);
}

/** The float32 data of a tensor; throws when the tensor is of another type. */
export function floats(t: Tensor): Float32Array {
  if (!(t.data instanceof Float32Array)) throw new TypeError(`expected a float32 tensor, got ${t.dtype}`);
  return t.data;
}

export function allocate(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(length);
  }
}

/** Same type and dimensions. */
export function sameTensorShape(a: Tensor, b: Tensor): boolean {
  return (
    a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((dim, i) => dim === b.shape[i])
  );
}

/** float32 tensors are copied, others shared: for what training writes in place. */
export function copyOf(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const copy = (tensor: Tensor): Tensor => (tensor.dtype === 'float32' ? f32(floats(tensor).slice(), tensor.shape) : tensor);
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, copy(tensor)]));
}
