/**
 * Memory that a graph needs, computed without running it: values are walked in order of computation, and each is alive from its own
 * operator to its last user.
 *
 * An estimate: the runtime may choose another order among independent operators. What it is good for is choosing between plans
 * and refusing what cannot fit.
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
  /** Floating-point operations of the matrix products, nearly all of a transformer's work. */
  floatingPointOperations: number;
  operators: number;
}

const bytesOf: Record<Node['dtype'], number> = { float32: 4, int64: 8, int32: 4, uint8: 1, bool: 1 };

/** Operators whose value is another view of their first input. */
const views = new Set<Op>(['Reshape', 'StopGradient']);

/** Operators that may overwrite an input of the same size without later users. */
const inPlace = new Set<Op>(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Abs', 'Exp', 'Sqrt', 'Tanh', 'Sigmoid', 'Clip', 'Where', 'Softmax', 'LogSoftmax', 'ScatterAdd']);

const given = (node: Node): boolean => isOp(node, 'Input') || isOp(node, 'Constant');

export function planMemory(outputs: Readonly<Record<string, Node>>): MemoryPlan {
  const results = Object.values(outputs);
  const order = topologicalOrder(results);
  const plan: MemoryPlan = { inputs: 0, constants: 0, outputs: 0, activations: 0, floatingPointOperations: 0, operators: 0 };
  for (const node of order) {
    if (isOp(node, 'Input')) plan.inputs += size(node);
    if (isOp(node, 'Constant')) plan.constants += size(node);
    if (!given(node) && !isOp(node, 'Output')) plan.operators += 1;
    if (isOp(node, 'MatMul') || isOp(node, 'SoftmaxMatMul')) plan.floatingPointOperations += productOperations(node);
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
  order.forEach((node, at) => {
    if (!isOp(node, 'Output')) node.inputs.forEach((from) => lastUse.set(owner(from).id, at));
  });
  const sides = sideOutputs(order);
  const dying = new Map<number, Node[]>();
  let [alive, peak] = [0, 0];
  order.forEach((node, at) => {
    if (owner(node) === node && !given(node) && !kept.has(node.id) && !isOp(node, 'Output')) {
      // An operator writes its side outputs when it runs, however much later they are read.
      for (const value of [node, ...(sides.get(node.id) ?? [])]) {
        alive += size(value);
        const end = lastUse.get(value.id) ?? at;
        dying.set(end, [...(dying.get(end) ?? []), value]);
      }
      peak = Math.max(peak, alive + passing(node, sides) - reused(node, at, owner, lastUse));
    }
    for (const ended of dying.get(at) ?? []) alive -= size(ended);
  });
  return peak;
}

/** Side outputs that are used, by the node they belong to. */
function sideOutputs(order: readonly Node[]): Map<number, Node[]> {
  const sides = new Map<number, Node[]>();
  for (const node of order) if (isOp(node, 'Output')) sides.set(node.inputs[0].id, [...(sides.get(node.inputs[0].id) ?? []), node]);
  return sides;
}

/** Bytes that an operator takes only while it runs: attention weights without later users. */
function passing(node: Node, sides: ReadonlyMap<number, Node[]>): number {
  return isOp(node, 'SoftmaxMatMul') && !sides.has(node.id) ? size(node.inputs[0]) : 0;
}

/** The node that owns the memory of a view. */
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
function productOperations(node: Node<'MatMul'> | Node<'SoftmaxMatMul'>): number {
  const [a] = node.inputs;
  return 2 * sizeOf(node.shape) * a.shape[a.shape.length - (isOp(node, 'MatMul') && node.attrs.transA ? 2 : 1)];
}

function size(node: Node): number {
  return sizeOf(node.shape) * bytesOf[node.dtype];
}
