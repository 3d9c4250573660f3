import { constant, GraphError, makeNode, show, type Node } from '../graph.js';
import { sameShape } from '../shapes.js';
import { i64 } from '../tensor.js';
import { requireFloat } from './elementwise.js';

/**
 * Rotary position embedding in the half-split layout of Llama (pairs are d and d + headDim / 2).
 * x [batch, heads, time, headDim]; cos, sin [maxPositions, headDim / 2];
 * positions int64 [batch, time], or [1] = position of the first step of every row; 0, 1, 2... when left out.
 */
export function rotary(x: Node, cos: Node, sin: Node, positions?: Node): Node {
  requireFloat('Rotary', x);
  const at = positions ?? constant(i64([0], [1]));
  const [batch, , time, headDim] = x.shape;
  if (
    x.shape.length !== 4 ||
    !sameShape(cos.shape, sin.shape) ||
    cos.shape.length !== 2 ||
    cos.shape[1] !== (headDim) / 2
  ) {
    throw new GraphError(`Rotary: x ${show(x.shape)}, cos ${show(cos.shape)}, sin ${show(sin.shape)}`);
  }
  if (
    at.dtype !== 'int64' ||
    !(sameShape(at.shape, [1]) || sameShape(at.shape, [batch, time]))
  ) {
    throw new GraphError(`Rotary: positions ${at.dtype} ${show(at.shape)} for x ${show(x.shape)}`);
  }
  return makeNode('Rotary', [x, at, cos, sin], {}, x.shape, x.dtype);
}

export interface GroupQueryAttentionInputs {
  /** [batch, time, heads * headDim] */
  readonly query: Node;
  /** [batch, time, kvHeads * headDim] */
  readonly key: Node;
  readonly value: Node;
  /** Cache [batch, kvHeads, capacity, headDim]; fed and fetched as the same tensor it is updated in place. */
  readonly pastKey: Node;
  readonly pastValue: Node;
  /** int32 [batch]: valid length of each row after this step, minus 1. */
  readonly lengths: Node;
  /** int32 [1]: the largest valid length after this step. Equal to `time` it means an empty cache. */
  readonly total: Node;
  /** Rotary tables [maxPositions, headDim / 2]; when given, query and key are rotated inside. */
  readonly cos?: Node;
  readonly sin?: Node;
}

export interface GroupQueryAttentionOptions {
  readonly heads: number;
  readonly kvHeads: number;
  /** Of the scores; 1 / sqrt(headDim) when left out. */
  readonly scale?: number;
  /** Sliding window in tokens; -1 (default) is none. */
  readonly window?: number;
}

/** Causal attention against a key-value cache, for decoding. It has no gradient. */
export function groupQueryAttention(
  inputs: GroupQueryAttentionInputs,
  { heads, kvHeads, scale, window = -1 }: GroupQueryAttentionOptions,
): { output: Node; presentKey: Node; presentValue: Node } {
  const { query, key, value, pastKey, pastValue, lengths, total, cos, sin } = inputs;
  const [batch, time, width] = query.shape as [number, number, number];
  const headDim = width / heads;
  const fits =
    query.shape.length === 3 &&
    heads % kvHeads === 0 &&
    sameShape(key.shape, [batch, time, kvHeads * headDim]) &&
    sameShape(value.shape, key.shape) &&
    pastKey.shape.length === 4 &&
    sameShape(pastKey.shape, [batch, kvHeads, pastKey.shape[2], headDim]) &&
    sameShape(pastValue.shape, pastKey.shape);
  if (!fits) {
    const shapes = [query, key, value, pastKey, pastValue].map((node) => show(node.shape)).join(' ');
    throw new GraphError(`GroupQueryAttention: ${heads}/${kvHeads} heads do not fit ${shapes}`);
  }
  // The runtime's kernel takes no other widths.
  const unit = cos && sin ? 16 : 8;
  if (headDim % unit !== 0) {
    throw new GraphError(`GroupQueryAttention: heads of width ${headDim}, not a multiple of ${unit}`);
  }
  if (lengths.dtype !== 'int32' || total.dtype !== 'int32') {
    throw new GraphError('GroupQueryAttention: lengths and total must be int32');
  }
  const rotaryTables = cos && sin ? [cos, sin] : [];
  const output = makeNode(
    'GroupQueryAttention',
    [query, key, value, pastKey, pastValue, lengths, total, ...rotaryTables],
    { heads, kvHeads, scale: scale ?? 1 / Math.sqrt(headDim), window },
    query.shape,
    'float32',
  );
  const present = (index: number) => makeNode('Output', [output], { index }, pastKey.shape, 'float32');
  return { output, presentKey: present(1), presentValue: present(2) };
}
