import type { Node } from '../graph.js';
import * as ops from '../ops.js';
import { sumTo } from './elementwise-rules.js';

/**
 * y = x r w with r = 1 / rms(x), r [..., 1] saved by the forward operator:
 * dx = r (g w) - x r^3 mean(g w x), dw = sum of g x r over all rows.
 */
export function rmsNormRule(node: Node, g: Node): Node[] {
  const [x, weight] = node.inputs as [Node, Node];
  const r = ops.statistic(node, 1);
  const gw = ops.mul(g, weight);
  const along = ops.mean(ops.mul(gw, x), -1, true);
  const pull = ops.mul(along, ops.mul(ops.square(r), r));
  const dx = ops.sub(ops.mul(gw, r), ops.mul(x, pull));
  return [dx, sumTo(ops.mul(ops.mul(g, r), x), weight.shape)];
}

/** y = h w + b with h = (x - mean) r: dx = r (gw - mean(gw) - h mean(gw h)). */
export function layerNormRule(node: Node, g: Node): Node[] {
  const [x, weight, bias] = node.inputs as [Node, Node, Node];
  const h = ops.mul(ops.sub(ops.tie(x, g), ops.statistic(node, 1)), ops.statistic(node, 2));
  const gw = ops.mul(g, weight);
  const centred = ops.sub(gw, ops.mean(gw, -1, true));
  const along = ops.mul(h, ops.mean(ops.mul(gw, h), -1, true));
  const dx = ops.mul(ops.sub(centred, along), ops.statistic(node, 2));
  return [dx, sumTo(ops.mul(g, h), weight.shape), sumTo(g, bias.shape)];
}
