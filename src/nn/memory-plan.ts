/**
 * How much memory a graph needs, told before it runs: its values are walked in the order in which they are computed,
 * and each lives from its own operator to its last user.
 *
 * An estimate: the runtime may choose another order among independent operators, and its allocator rounds up. What it
 * is good for is choosing between plans and refusing what cannot fit.
 */
import { isOp, topologicalOrder, type Node, type Op } from './graph.js';
import { sizeOf } from './tensor.js';

export interface MemoryPlan {
  /** Bytes of the values that are fed. */
  inputs: number;
  /** Bytes of constants inside the model. */
  constants: number;
  /** Bytes of the values that come out. */
  outputs: number;
  /** Most bytes of inner values alive at once; outputs are written where the caller wants them and not counted. */
  activations: number;
  /** Of the matrix products: nearly all of a transformer's work. */
  floatingPointOperations: number;
}

const bytesOf: Record<Node['dtype'], number> = { float32: 4, int64: 8, int32: 4, uint8: 1, bool: 1 };

/** Operators whose value is another view of their first input. */
const views = new Set<Op>(['Reshape', 'StopGradient']);

/** Operators that may write over an input of the same size which nobody else needs any more. */
const inPlace = new Set<Op>(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Abs', 'Exp', 'Sqrt', 'Tanh', 'Sigmoid', 'Clip', 'Where', 'Softmax', 'LogSoftmax', 'ScatterAdd']);

const given = (node: Node): boolean => isOp(node, 'Input') || isOp(node, 'Constant');

export function planMemory(outputs: Readonly<Record<string, Node>>): MemoryPlan {
  const results = Object.values(outputs);
  const order = topologicalOrder(results);
  const plan: MemoryPlan = { inputs: 0, constants: 0, outputs: 0, activations: 0, floatingPointOperations: 0 };
  for (const node of order) {
    if (isOp(node, 'Input')) plan.inputs += size(node);
    if (isOp(node, 'Constant')) plan.constants += size(node);
    if (isOp(node, 'MatMul')) plan.floatingPointOperations += productOperations(node);
  }
  for (const node of results) plan.outputs += size(node);
  plan.activations = peakOfValues(order, results);
  return plan;
}

function peakOfValues(order: readonly Node[], results: readonly Node[]): number {
  const owners = new Map(order.map((node) => [node.id, ownerOf(node)]));
  const owner = (node: Node): Node => owners.get(node.id) as Node;
  const kept = new Set(results.map((node) => owner(node).id));
  const lastUse = new Map<number, number>();
  order.forEach((node, at) => node.inputs.forEach((from) => lastUse.set(owner(from).id, at)));
  const dying = new Map<number, Node[]>();
  let [alive, peak] = [0, 0];
  order.forEach((node, at) => {
    if (owner(node) === node && !given(node) && !kept.has(node.id)) {
      alive += size(node);
      peak = Math.max(peak, alive - reused(node, at, owner, lastUse));
      const end = lastUse.get(node.id) ?? at;
      dying.set(end, [...(dying.get(end) ?? []), node]);
    }
    for (const ended of dying.get(at) ?? []) alive -= size(ended);
  });
  return peak;
}

/** The node whose memory a view shows; side outputs are small and count for themselves. */
function ownerOf(node: Node): Node {
  let at = node;
  while (views.has(at.op)) at = at.inputs[0];
  return at;
}

/** Bytes that the operator need not take because an input dies in it. */
function reused(node: Node, at: number, owner: (node: Node) => Node, lastUse: ReadonlyMap<number, number>): number {
  if (!inPlace.has(node.op)) return 0;
  const free = node.inputs.some((from) => !given(owner(from)) && size(owner(from)) === size(node) && lastUse.get(owner(from).id) === at);
  return free ? size(node) : 0;
}

/** Two for each element of the result and each step along the inner axis. */
function productOperations(node: Node<'MatMul'>): number {
  const [a] = node.inputs;
  return 2 * sizeOf(node.shape) * a.shape[a.shape.length - (node.attrs.transA ? 2 : 1)];
}

function size(node: Node): number {
  return sizeOf(node.shape) * bytesOf[node.dtype];
}
