import onnxProto from 'onnx-proto';
import { GraphError, isOp, type Node } from '../graph.js';
import { i64, type DType, type Tensor } from '../tensor.js';
import { type ExternalPlace, type PlaceConstant } from './external-data.js';

const { onnx } = onnxProto;
type Attribute = number | string | readonly number[] | { readonly float: number };

const TYPES: Record<DType, number> = {
  float32: onnx.TensorProto.DataType.FLOAT,
  int64: onnx.TensorProto.DataType.INT64,
  int32: onnx.TensorProto.DataType.INT32,
  uint8: onnx.TensorProto.DataType.UINT8,
  bool: onnx.TensorProto.DataType.BOOL,
};

export interface EmitOptions {
  /** `com.microsoft` for ONNX Runtime's own operators. */
  readonly domain?: string;
  readonly attrs?: Readonly<Record<string, Attribute>>;
}

/** Hooks for graphs with dimensions that are only known at run time. */
export interface SymbolicShapes {
  /** Sizes, and names of dimensions that are open; undefined where all of them are fixed. */
  publicShape(node: Node): readonly (number | string)[] | undefined;
  /** Name of the int64 list that holds a node's shape; undefined where all of it is fixed. */
  shapeList(node: Node, writer: GraphWriter): string | undefined;
  /** Writes an input or constant itself, and says so, instead of leaving it to the rules. */
  replace(node: Node, writer: GraphWriter): boolean;
}

/** Collects the parts of one ONNX graph and names its values; small equal constants are stored once. */
export class GraphWriter {
  private readonly nodes: onnxProto.onnx.INodeProto[] = [];
  private readonly initializers: onnxProto.onnx.ITensorProto[] = [];
  private readonly inputs: onnxProto.onnx.IValueInfoProto[] = [];
  private readonly outputs: onnxProto.onnx.IValueInfoProto[] = [];
  private readonly names = new Map<number, string>();
  private readonly shared = new Map<Tensor | string, string>();
  /** Names of the side outputs of a node, by index; output 0 is not in it. */
  private readonly sides = new Map<number, string[]>();
  private readonly taken = new Set<string>();

  /** `order` is the whole graph; it shows which side outputs are used. */
  constructor(
    order: readonly Node[],
    readonly symbolic?: SymbolicShapes,
    private readonly placeConstant?: PlaceConstant,
  ) {
    order.forEach((node, i) => this.names.set(node.id, `_${i}`));
    for (const node of order) {
      if (!isOp(node, 'Output')) continue;
      const parent = node.inputs[0];
      const names = this.sides.get(parent.id) ?? [];
      for (let i = names.length; i < node.attrs.index; i++) names.push(`${this.name(parent)}_${i + 1}`);
      this.sides.set(parent.id, names);
    }
  }

  name(node: Node): string {
    if (!isOp(node, 'Output')) return this.names.get(node.id) as string;
    return this.sides.get((node.inputs[0]).id)?.[node.attrs.index - 1] as string;
  }

  /** Name of a side output, for operators that write it even if it is unused. */
  sideName(node: Node, index: number): string {
    return this.sides.get(node.id)?.[index - 1] ?? `${this.name(node)}_${index}`;
  }

  /** Gives the value of a node another name; users emitted later see it. */
  rename(node: Node, name: string): void {
    if (!isOp(node, 'Output')) this.names.set(node.id, name);
    else (this.sides.get((node.inputs[0]).id) as string[])[node.attrs.index - 1] = name;
  }

  /** Writes one ONNX operator that computes `node`. Inputs are nodes or names of initializers. */
  emit(node: Node, opType: string, inputs: readonly (Node | string)[], options: EmitOptions = {}): void {
    this.emitAs([this.name(node), ...(this.sides.get(node.id) ?? [])], opType, inputs, options);
  }

  emitAs(
    outputs: string[],
    opType: string,
    inputs: readonly (Node | string)[],
    options: EmitOptions = {},
  ): void {
    this.nodes.push({
      opType,
      domain: options.domain ?? '',
      name: `${opType}${outputs[0]}`,
      input: inputs.map((from) => (typeof from === 'string' ? from : this.name(from))),
      output: outputs,
      attribute: Object.entries(options.attrs ?? {}).map(([name, value]) => attribute(name, value)),
    });
  }

  addInput(node: Node, name: string): void {
    this.claim(name);
    this.rename(node, name);
    this.inputs.push(valueInfo(name, node, this.symbolic?.publicShape(node)));
  }

  /** An input without a node, declared once; names in `shape` are open dimensions. */
  addOpenInput(name: string, dtype: DType, shape: readonly (number | string)[]): void {
    if (this.inputs.some((known) => known.name === name)) return;
    this.claim(name);
    this.inputs.push(valueInfo(name, { dtype, shape: [] }, shape));
  }

  addOutput(name: string, node: Node): void {
    this.outputs.push(valueInfo(name, node, this.symbolic?.publicShape(node)));
  }

  /** Reserves a public name; two inputs, or an input and an output, may not share one. */
  claim(name: string): void {
    if (name.startsWith('_')) throw new GraphError(`the name ${name} may not start with an underscore`);
    if (this.taken.has(name)) throw new GraphError(`two inputs or outputs of the graph are named ${name}`);
    this.taken.add(name);
  }

  /** Stores a constant and returns its name. */
  initializer(tensor: Tensor): string {
    const small = tensor.data.length <= 16;
    const key = small ? `${tensor.dtype}[${tensor.shape.join(',')}]${hex(tensor)}` : tensor;
    const known = this.shared.get(key);
    if (known !== undefined) return known;
    const name = `_c${this.initializers.length}`;
    this.shared.set(key, name);
    const place = this.placeConstant?.(tensor);
    this.initializers.push({
      name,
      dataType: TYPES[tensor.dtype],
      dims: [...tensor.shape],
      ...(place ? externally(place) : { rawData: bytes(tensor) }),
    });
    return name;
  }

  /** An int64 list (axes, bounds, shapes), which recent opsets take as an input. */
  list(values: readonly number[]): string {
    return this.initializer(i64(values, [values.length]));
  }

  /** The shape of a node as an int64 list. */
  shapeOf(node: Node): string {
    return this.symbolic?.shapeList(node, this) ?? this.list(node.shape);
  }

  finish(): Uint8Array {
    const model = onnx.ModelProto.create({
      irVersion: 9,
      producerName: 'plumbline',
      opsetImport: [
        { domain: '', version: 20 },
        { domain: 'com.microsoft', version: 1 },
      ],
      graph: {
        name: 'graph',
        node: this.nodes,
        initializer: this.initializers,
        input: this.inputs,
        output: this.outputs,
      },
    });
    return onnx.ModelProto.encode(model).finish();
  }
}

function externally(place: ExternalPlace): onnxProto.onnx.ITensorProto {
  const externalData = Object.entries(place).map(([key, value]) => ({ key, value: String(value) }));
  return { dataLocation: onnx.TensorProto.DataLocation.EXTERNAL, externalData };
}

function bytes({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function hex(tensor: Tensor): string {
  return Buffer.from(bytes(tensor)).toString('hex');
}

function valueInfo(
  name: string,
  node: Pick<Node, 'dtype' | 'shape'>,
  shape: readonly (number | string)[] = node.shape,
): onnxProto.onnx.IValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: TYPES[node.dtype], shape: { dim } } } };
}

function attribute(name: string, value: Attribute): onnxProto.onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: Buffer.from(value) };
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

/** ONNX element type number, for Cast. */
export function elementType(dtype: DType): number {
  return TYPES[dtype];
}
