import { GraphError, makeNode, show, type Node } from '../graph.js';
import { sameShape } from '../shapes.js';

export interface QuantizedMatMulOptions {
  readonly bits: 4 | 8;
  /** Values of a row of the weight that share a scale; a power of two, at least 16. */
  readonly blockSize: number;
  /**
   * Whether the runtime may round x to 8 bits too, each block of each row by its own scale: several times
   * faster, and a row's result still depends on that row alone. The interpreter does not round.
   */
  readonly int8Rows?: boolean;
}

/**
 * x W^T with W [n, k] stored in blocks of few bits: x [rows, k] -> [rows, n].
 * `packed` uint8 [n, k / blockSize, blockSize * bits / 8], of 4-bit values the even one in the low half of a byte;
 * `scales` float32 [n, k / blockSize]. A stored q stands for (q - 2^(bits - 1)) * scale. It has no gradient.
 */
export function quantizedMatmul(
  x: Node,
  packed: Node,
  scales: Node,
  { bits, blockSize, int8Rows = false }: QuantizedMatMulOptions,
): Node {
  const [rows, k] = x.shape;
  const [n, blocks] = packed.shape;
  const fits =
    x.dtype === 'float32' &&
    x.shape.length === 2 &&
    packed.dtype === 'uint8' &&
    sameShape(packed.shape, [n, k / blockSize, (blockSize * bits) / 8]) &&
    scales.dtype === 'float32' &&
    sameShape(scales.shape, [n, blocks]);
  if (!fits) {
    const shapes = [x, packed, scales].map(({ dtype, shape }) => `${dtype} ${show(shape)}`).join(', ');
    throw new GraphError(`MatMulNBits: ${bits} bits in blocks of ${blockSize} do not fit ${shapes}`);
  }
  return makeNode('MatMulNBits', [x, packed, scales], { bits, blockSize, int8Rows }, [rows, n], 'float32');
}
