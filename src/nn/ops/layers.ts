import { constant, GraphError, makeNode, show, type Node } from '../graph.js';
import { sameShape } from '../shapes.js';
import { i64 } from '../tensor.js';
import { requireFloat } from './elementwise.js';

function requireLastAxis(op: 'RmsNorm' | 'LayerNorm', x: Node, ...parameters: Node[]): void {
  requireFloat(op, x);
  for (const p of parameters) {
    requireFloat(op, p);
    if (x.shape.length === 0 || p.shape.length !== 1 || p.shape[0] !== x.shape[x.shape.length - 1]) {
      throw new GraphError(
        `${op}: parameter ${show(p.shape)} does not fit the last axis of ${show(x.shape)}`,
      );
    }
  }
}

/** x / sqrt(mean(x^2) + eps) * weight over the last axis. x [..., width], weight [width]. */
export function rmsNorm(x: Node, weight: Node, epsilon: number): Node {
  requireLastAxis('RmsNorm', x, weight);
  return makeNode('RmsNorm', [x, weight], { epsilon }, x.shape, x.dtype);
}

/** (x - mean) / sqrt(variance + eps) * weight + bias over the last axis. */
export function layerNorm(x: Node, weight: Node, bias: Node, epsilon: number): Node {
  requireLastAxis('LayerNorm', x, weight, bias);
  return makeNode('LayerNorm', [x, weight, bias], { epsilon }, x.shape, x.dtype);
}

/** Side output of a normalization, shape [..., 1]; only backward rules need it. */
export function statistic(norm: Node, index: 1 | 2): Node {
  return makeNode('Output', [norm], { index }, [...norm.shape.slice(0, -1), 1], 'float32');
}

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
