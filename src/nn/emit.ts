/**
 * Emission: a graph as an ONNX model for ONNX Runtime.
 * Names of inputs are those of the Input nodes, names of outputs the keys given here; everything else is
 * numbered
 * in topological order, so equal graphs give equal bytes.
 */
import { type PlaceConstant } from './emit/external-data.js';
import { emitRules } from './emit/rules.js';
import { GraphWriter, type SymbolicShapes } from './emit/writer.js';
import { topologicalOrder, type Node, type Op } from './graph.js';

export interface EmitModelOptions {
  /** For graphs some of whose dimensions are open. */
  symbolic?: SymbolicShapes;
  /** Which constants are not written into the model, and where they are (emit/external-data.ts). */
  place?: PlaceConstant;
}

/** ONNX protobuf of the graph that computes `outputs`. Throws a GraphError when two public names clash. */
export function emitModel(outputs: Readonly<Record<string, Node>>, { symbolic, place }: EmitModelOptions = {}): Uint8Array {
  const order = topologicalOrder(Object.values(outputs));
  const writer = new GraphWriter(order, symbolic, place);
  const published = new Set<string>();
  for (const [name, node] of Object.entries(outputs)) {
    writer.claim(name);
    // Inputs, constants and nodes already published under another name need a copy of their own.
    if (node.op === 'Input' || node.op === 'Constant' || published.has(writer.name(node))) continue;
    writer.rename(node, name);
    published.add(name);
  }
  for (const node of order)
    if (!symbolic?.replace(node, writer)) (emitRules[node.op] as (node: Node<Op>, writer: GraphWriter) => void)(node, writer);
  for (const [name, node] of Object.entries(outputs)) {
    if (!published.has(name)) writer.emitAs([name], 'Identity', [node]);
    writer.addOutput(name, node);
  }
  return writer.finish();
}
