/**
 * Recomputation (Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174): of the forward
 * pass only chosen nodes stay in memory, and what lies between two of them is computed a second time when the
 * backward pass gets there.
 *
 * What differs from the usual way (a wrapper that runs a function twice): the graph is known as a whole, so the
 * backward walk asks for the `twin` of a forward node and gets a copy of its segment, built from the kept nodes before
 * it. The copy reads them through a tie to the gradient that arrives at the segment's end. That has two effects: the
 * runtime cannot compute the copy early, and it cannot merge it with the original as a common subexpression.
 */
import { makeNode, type Node } from './graph.js';
import { tie } from './ops.js';

export class Recompute {
  /** Index of the segment that a node is inside of; kept nodes and what no segment needs are absent. */
  private readonly segmentOf = new Map<number, number>();
  private readonly endOf: ReadonlyMap<number, number>;
  private readonly copies = new Map<number, Node>();
  private readonly arrived: (Node | undefined)[];

  /**
   * `kept` in forward order: each is the end of a segment, which holds what the node needs and no earlier kept node
   * does. `varies` tells nodes that a gradient flows through; the others stay as they are.
   */
  constructor(
    private readonly kept: readonly Node[],
    varies: (node: Node) => boolean,
  ) {
    this.arrived = kept.map(() => undefined);
    this.endOf = new Map(kept.map(({ id }, segment) => [id, segment]));
    kept.forEach((end, segment) => {
      const stack = [...end.inputs];
      for (let node = stack.pop(); node; node = stack.pop()) {
        if (this.endOf.has(node.id) || this.segmentOf.has(node.id) || !varies(node) || node.inputs.length === 0) continue;
        this.segmentOf.set(node.id, segment);
        stack.push(...node.inputs);
      }
    });
  }

  /** Called when the whole gradient of a node is known, in backward order. */
  reached(node: Node, gradient: Node): void {
    const segment = this.endOf.get(node.id);
    if (segment !== undefined) this.arrived[segment] = gradient;
  }

  /** The node that backward rules should read instead of `node`: a copy inside a segment, else `node`. */
  twin(node: Node): Node {
    const segment = this.segmentOf.get(node.id) ?? this.endOf.get(node.id);
    if (segment === undefined) return node;
    // The rule of a kept node reads its inputs from the copy; its own value is there already.
    const after = this.arrived[segment];
    return after ? this.copy(node, segment, after) : node;
  }

  private copy(node: Node, segment: number, after: Node): Node {
    const known = this.copies.get(node.id);
    if (known) return known;
    const fresh = this.build(node, segment, after);
    this.copies.set(node.id, fresh);
    return fresh;
  }

  private build(node: Node, segment: number, after: Node): Node {
    const inputs = node.inputs.map((from) => {
      if (this.segmentOf.get(from.id) === segment) return this.copy(from, segment, after);
      return this.isEntry(from) ? this.entry(from, segment, after) : from;
    });
    return makeNode(node.op, inputs, node.attrs, node.shape, node.dtype);
  }

  /** Values that enter a segment from the one before. Weights and masks may be read at any time. */
  private isEntry(node: Node): boolean {
    return this.endOf.has(node.id) || this.segmentOf.has(node.id);
  }

  private entry(node: Node, segment: number, after: Node): Node {
    const key = -(node.id * this.kept.length + segment + 1);
    const known = this.copies.get(key);
    if (known) return known;
    const tied = tie(node, after);
    this.copies.set(key, tied);
    return tied;
  }
}
