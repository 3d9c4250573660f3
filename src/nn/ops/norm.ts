import { GraphError, makeNode, show, type Node } from '../graph.js';
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
