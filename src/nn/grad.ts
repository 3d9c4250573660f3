/**
 * Differentiation: one reverse walk over a table of rules that is total over the op set.
 * The result is again a graph; nothing is computed here.
 */
import { gradRules, type GradRule } from './grad/rules.js';
import { constant, elementCount, GraphError, isOp, show, topologicalOrder, type Node, type Op } from './graph.js';
import { add, concat, expand, tie } from './ops.js';
import { Recompute } from './recompute.js';
import { sameShape } from './shapes.js';
import { f32, scalarTensor } from './tensor.js';
import { addedOnto } from './grad/scattered.js';

/**
 * Gradients of `loss` (one element, unless `seed` gives the gradient of its shape) with respect to each of
 * `wrt`,
 * which may be inputs or inner nodes. A node the loss does not depend on has a gradient of zeros.
 * With `keep`, nodes of the forward pass in their order, only these stay in memory for the backward pass, and what lies
 * between them is computed again (recompute.ts).
 * Throws a GraphError where a needed gradient does not exist.
 */
export function grad(loss: Node, wrt: readonly Node[], seed?: Node, keep: readonly Node[] = []): Node[] {
  if (seed === undefined && elementCount(loss) !== 1) {
    throw new GraphError(`grad: a loss of shape ${show(loss.shape)} needs a seed`);
  }
  for (const node of wrt) {
    if (node.dtype !== 'float32')
      throw new GraphError(`grad: ${node.op} of type ${node.dtype} has no gradient`);
  }
  const targets = new Set(wrt.map((node) => node.id));
  const order = topologicalOrder([loss]);
  const needed = needsGradient(order, targets);
  const recompute = new Recompute(keep, (node) => needed.has(node.id));
  const gradients = new Map<number, Node[]>();
  gradients.set(loss.id, [seed ?? constant(f32([1], loss.shape))]);
  for (const node of order.reverse()) {
    const arrived = gradients.get(node.id);
    if (!arrived || !needed.has(node.id) || node.inputs.length === 0) continue;
    if (!node.inputs.some((from) => needed.has(from.id))) continue;
    const upstream = sumOfParts(arrived);
    gradients.set(node.id, [upstream]);
    recompute.reached(node, upstream);
    const parts = contributions(node, recompute.twin(node), upstream, needed, targets);
    parts.forEach((part, i) => {
      const from = node.inputs[i];
      if (!part) return;
      const before = gradients.get(from.id);
      if (before) before.push(part);
      else gradients.set(from.id, [part]);
    });
  }
  return wrt.map((node) => {
    const parts = gradients.get(node.id);
    return parts ? sumOfParts(parts) : expand(constant(scalarTensor(0)), node.shape);
  });
}

function needsGradient(order: readonly Node[], targets: ReadonlySet<number>): Set<number> {
  const needed = new Set<number>();
  for (const node of order) {
    const passes = node.op !== 'StopGradient' && node.dtype === 'float32';
    if (targets.has(node.id) || (passes && node.inputs.some((from) => needed.has(from.id))))
      needed.add(node.id);
  }
  return needed;
}

/** The gradient of each input of `node`, from the values of its `twin`; null: no gradient is needed. */
function contributions(
  node: Node,
  twin: Node,
  upstream: Node,
  needed: ReadonlySet<number>,
  targets: ReadonlySet<number>,
): (Node | null)[] {
  const rule = gradRules[node.op] as GradRule<Op>;
  const parts = rule(twin, upstream).map((part, i) =>
    needed.has((node.inputs[i]).id) ? part : null,
  );
  node.inputs.forEach((from, i) => {
    if (!needed.has(from.id)) return;
    const part = parts[i];
    if (!part) throw new GraphError(`grad: ${node.op} has no gradient for its input ${i}`);
    if (!sameShape(part.shape, from.shape)) {
      throw new GraphError(
        `grad: ${node.op} gave ${show(part.shape)} for an input of shape ${show(from.shape)}`,
      );
    }
  });
  // A weight's gradient is a leaf: the runtime would compute it last of all and keep its operands alive until
  // then.
  // Tying the gradient that flows on to it has it computed with its layer.
  const leaf = node.inputs.findIndex((from, i) => targets.has(from.id) && parts[i]);
  if (leaf < 0) return parts;
  const done = parts[leaf] as Node;
  return parts.map((part, i) => (part && !targets.has((node.inputs[i]).id) ? tie(part, done) : part));
}

/**
 * What the users of a node send back, added up. Where each of them read another piece of one axis, the pieces are put side by
 * side instead: a sum would first pad each to the full size. What a lookup sends back is added in its few places.
 */
function sumOfParts(parts: readonly Node[]): Node {
  return tiled(parts) ?? parts.reduce((sum, part) => addedOnto(sum, part) ?? addedOnto(part, sum) ?? add(sum, part));
}

/** The parts one after another, when each is zero but for a piece of the same axis and the pieces fill it. */
function tiled(parts: readonly Node[]): Node | undefined {
  const pieces = parts.filter((part): part is Node<'Pad'> => isOp(part, 'Pad')).sort((a, b) => a.attrs.before - b.attrs.before);
  if (pieces.length !== parts.length || pieces.length < 2) return undefined;
  const { axis } = pieces[0].attrs;
  let filled = 0;
  for (const { attrs, inputs } of pieces) {
    if (attrs.axis !== axis || attrs.before !== filled) return undefined;
    filled += inputs[0].shape[axis];
  }
  return filled === pieces[0].shape[axis] ? concat(pieces.map(({ inputs }) => inputs[0]), axis) : undefined;
}
