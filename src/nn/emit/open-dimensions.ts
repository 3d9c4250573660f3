/**
 * Graphs have static shapes; this writes one whose batch and time are open. The graph is built several
 * times, at sizes that are different primes, and compared node by node: a dimension of c * batch^a *
 * time^b shows what it is by how it changes (a, b in 0..1). Where a shape is needed as a value, it is
 * computed from the sizes of a graph input; a constant that grows with time is the beginning of the one
 * at the longest time.
 */
import { GraphError, isOp, topologicalOrder, type Node } from '../graph.js';
import { sizeOf, type Tensor } from '../tensor.js';
import { emitModel } from '../emit.js';
import { type PlaceConstant } from './external-data.js';
import { type GraphWriter, type SymbolicShapes } from './writer.js';

export interface Sizes {
  batch: number;
  time: number;
}

export interface OpenGraph {
  outputs: Readonly<Record<string, Node>>;
  /**
   * Inputs that the exported model computes itself: writes operators whose result has the given name.
   * They may use the other inputs, and `batch` and `time`, int64 lists of one number.
   */
  computed: Readonly<Record<string, (writer: GraphWriter, result: string, sizes: { batch: string; time: string }) => void>>;
}

/** c * batch^batchPower * time^timePower */
interface Dimension {
  factor: number;
  batch: number;
  time: number;
}

const base: Sizes = { batch: 7, time: 11 };
const moreRows: Sizes = { batch: 13, time: 11 };
const moreTime: Sizes = { batch: 7, time: 17 };

/**
 * ONNX protobuf of the graphs that `build` makes, for any batch and any time up to `maxTime`.
 * `sizesFrom` is the int64 [batch, time] input the sizes are read from. `build` must bind the same
 * parameter nodes each time. Throws GraphError when the graph's structure depends on the sizes.
 */
export function emitOpenModel(
  build: (sizes: Sizes) => OpenGraph,
  { sizesFrom, maxTime, place: placeConstant }: { sizesFrom: string; maxTime: number; place?: PlaceConstant },
): Uint8Array {
  const graph = build(base);
  const orders = [base, moreRows, moreTime, { ...base, time: Math.max(maxTime, moreTime.time) }].map((sizes, i) =>
    topologicalOrder(Object.values(i === 0 ? graph.outputs : build(sizes).outputs)),
  );
  checkStructure(orders);
  const [order] = orders;
  const place = new Map(order.map((node, i) => [node.id, i]));
  const dimensions = order.map((node, i) =>
    node.shape.map((size, axis) => dimensionOf(node, size, orders[1][i].shape[axis], orders[2][i].shape[axis])),
  );
  const of = (node: Node): Dimension[] => dimensions[place.get(node.id)!];
  const longest = (node: Node): Node => orders[3][place.get(node.id)!];
  return emitModel(graph.outputs, { symbolic: new OpenShapes(graph, of, longest, sizesFrom), place: placeConstant });
}

function checkStructure(orders: Node[][]): void {
  const signature = (node: Node): string => (isOp(node, 'Constant') ? 'Constant' : `${node.op} ${JSON.stringify(node.attrs)} ${node.shape.length}`);
  const [first, ...others] = orders;
  for (const other of others) {
    if (other.length !== first.length) throw new GraphError('the structure of the graph depends on batch or time');
    const at = first.findIndex((node, i) => signature(node) !== signature(other[i]));
    if (at >= 0) throw new GraphError(`${first[at].op}: its attributes depend on batch or time`);
  }
}

function dimensionOf({ op }: Node, size: number, atRows: number, atTime: number): Dimension {
  const power = (other: number, from: number, to: number): number => (other === size ? 0 : other * from === size * to ? 1 : NaN);
  const batch = power(atRows, base.batch, moreRows.batch);
  const time = power(atTime, base.time, moreTime.time);
  const factor = size / (base.batch ** batch * base.time ** time);
  if (!Number.isInteger(factor)) throw new GraphError(`${op}: a dimension is not a product of batch and time`);
  return { factor, batch, time };
}

class OpenShapes implements SymbolicShapes {
  private sizes: { batch: string; time: string } | undefined;
  private readonly lists = new Map<string, string>();

  constructor(
    private readonly graph: OpenGraph,
    private readonly dimensions: (node: Node) => Dimension[],
    private readonly longest: (node: Node) => Node,
    private readonly sizesFrom: string,
  ) {}

  publicShape(node: Node): (number | string)[] {
    return this.dimensions(node).map((dimension) => (isFixed(dimension) ? dimension.factor : label(dimension)));
  }

  shapeList(node: Node, writer: GraphWriter): string | undefined {
    const dimensions = this.dimensions(node);
    const open = dimensions.filter((dimension) => !isFixed(dimension));
    if (open.length === 0) return undefined;
    // Reshape infers one dimension.
    if (open.length === 1 && node.op === 'Reshape') return writer.list(dimensions.map((dimension) => (isFixed(dimension) ? dimension.factor : -1)));
    const key = dimensions.map(label).join();
    const known = this.lists.get(key);
    if (known !== undefined) return known;
    const parts = dimensions.map((dimension) => this.sizeOf(dimension, writer));
    const name = this.fresh(writer, 'Concat', parts, { axis: 0 });
    this.lists.set(key, name);
    return name;
  }

  replace(node: Node, writer: GraphWriter): boolean {
    if (isOp(node, 'Input') && Object.hasOwn(this.graph.computed, node.attrs.name)) {
      this.graph.computed[node.attrs.name](writer, writer.name(node), this.runtimeSizes(writer));
      return true;
    }
    if (!isOp(node, 'Constant')) return false;
    const dimensions = this.dimensions(node);
    if (dimensions.every(isFixed)) return false;
    const whole = (this.longest(node) as Node<'Constant'>).attrs.tensor;
    if (dimensions.some((dimension, axis) => !isFixed(dimension) && (axis > 0 || label(dimension) !== 'time')) || !isBeginning(node.attrs.tensor, whole))
      throw new GraphError('a constant grows with batch or time in a way that cannot be written');
    const bounds = [writer.list([0]), this.runtimeSizes(writer).time, writer.list([0])];
    writer.emitAs([writer.name(node)], 'Slice', [writer.initializer(whole), ...bounds]);
    return true;
  }

  private sizeOf({ factor, batch, time }: Dimension, writer: GraphWriter): string {
    const sizes = batch + time > 0 ? this.runtimeSizes(writer) : { batch: '', time: '' };
    const factors = [...(batch > 0 ? [sizes.batch] : []), ...(time > 0 ? [sizes.time] : [])];
    if (factor !== 1 || factors.length === 0) factors.push(writer.list([factor]));
    return factors.reduce((product, next) => this.fresh(writer, 'Mul', [product, next]));
  }

  private runtimeSizes(writer: GraphWriter): { batch: string; time: string } {
    if (this.sizes) return this.sizes;
    const shape = this.fresh(writer, 'Shape', [this.sizesFrom]);
    const at = (axis: number): string => this.fresh(writer, 'Gather', [shape, writer.list([axis])], { axis: 0 });
    return (this.sizes = { batch: at(0), time: at(1) });
  }

  private count = 0;

  private fresh(writer: GraphWriter, opType: string, inputs: string[], attrs: Record<string, number> = {}): string {
    const name = `_s${this.count++}`;
    writer.emitAs([name], opType, inputs, { attrs });
    return name;
  }
}

const isFixed = ({ batch, time }: Dimension): boolean => batch === 0 && time === 0;

function label({ factor, batch, time }: Dimension): string {
  return [...(factor === 1 && batch + time > 0 ? [] : [factor]), ...(batch ? ['batch'] : []), ...(time ? ['time'] : [])].join('*');
}

/** Whether the shorter constant is the first rows of the longer one. */
function isBeginning(short: Tensor, long: Tensor): boolean {
  const fits = short.dtype === long.dtype && sizeOf(short.shape.slice(1)) === sizeOf(long.shape.slice(1));
  return fits && short.data.every((value: number | bigint, i: number) => Object.is(value, long.data[i]));
}
