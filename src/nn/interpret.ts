/**
 * The oracle: a slow interpreter of the whole op set in plain TypeScript and float64.
 * Unit tests compare ONNX Runtime and the gradient rules with it; nothing else uses it.
 */
import { isOp, topologicalOrder, type Node, type Op } from './graph.js';
import { kernels } from './interpret/kernels.js';
import { fromTensor, toTensor, type Value } from './interpret/value.js';
import { sameShape } from './shapes.js';
import type { Tensor } from './tensor.js';

type AnyKernel = (node: Node<Op>, inputs: readonly Value[]) => Value | readonly Value[];

/** Values in float64, for finite differences; feeds may be given in float64 too. */
export function interpretExactly(
  outputs: Readonly<Record<string, Node>>,
  feeds: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const values = new Map<number, readonly Value[]>();
  const valueOf = (node: Node): Value => {
    if (!isOp(node, 'Output')) return values.get(node.id)?.[0] as Value;
    return values.get((node.inputs[0]).id)?.[node.attrs.index] as Value;
  };
  for (const node of topologicalOrder(Object.values(outputs))) {
    if (isOp(node, 'Output')) continue;
    if (isOp(node, 'Input')) {
      const fed = feeds[node.attrs.name];
      if (!fed) throw new Error(`the graph needs an input ${node.attrs.name}`);
      if (!sameShape(fed.shape, node.shape))
        throw new Error(`${node.attrs.name} has shape [${fed.shape.join(', ')}]`);
      values.set(node.id, [fed]);
      continue;
    }
    const result = (kernels[node.op] as AnyKernel)(node, node.inputs.map(valueOf));
    values.set(node.id, 'data' in result ? [result] : result);
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, valueOf(node)]));
}

/** Same, from tensors to tensors. */
export function interpret(
  outputs: Readonly<Record<string, Node>>,
  feeds: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const exact = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, fromTensor(tensor)]));
  const results = interpretExactly(outputs, exact);
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, toTensor(value, (outputs[name]).dtype)]),
  );
}
