/**
 * A policy or reward model as ONNX with open batch and time, for plain ONNX Runtime in any language: one
 * file, or two where one cannot hold the weights. Operators are ai.onnx 20 and those of com.microsoft that its CPU provider has. The forward
 * pass is the one that is trained (`transformer.ts`); positions and mask are computed in the graph from
 * `attention_mask`, so that rows may be padded on either side.
 *
 *   ids              int64 [batch, time]
 *   attention_mask   int64 [batch, time], 1 for tokens and 0 for padding
 *   -> logits        float32 [batch, time, vocab]      of a policy
 *   -> reward        float32 [batch]                   of a reward model, at each row's last token
 */
import { emitOpenModel, type OpenGraph, type Sizes } from '#src/nn/emit/open-dimensions.js';
import { DataFile, type PlaceConstant } from '#src/nn/emit/external-data.js';
import { elementType, type GraphWriter } from '#src/nn/emit/writer.js';
import { constant, input, type Node } from '#src/nn/graph.js';
import { reshape } from '#src/nn/ops.js';
import { f32, i64 } from '#src/nn/tensor.js';
import { type FileStreams } from './checkpoint.js';
import { type ModelConfig } from '../model/config.js';
import { parameterShapes } from '../model/parameter-shapes.js';
import { type Tensors } from './safetensors.js';
import { decoderForward, lmLogits, rewardHead, type Params } from '../model/transformer.js';

export interface OnnxExportOptions {
  /** Longest input; the configuration's positions when left out. Tables of that length go into the file. */
  maxTime?: number;
}

/** Protobuf cannot hold more in one message. */
const maxBytes = 2 ** 31 - 2 ** 24;

const modelFile = 'model.onnx';

export class OnnxExportError extends Error {
  override name = 'OnnxExportError';
}

type Model = { config: ModelConfig; tensors: Tensors };

/**
 * `model.onnx`, and where it cannot hold the weights `model.onnx.data`, which it refers to.
 *
 * @param largest bytes of weights that go into the model itself
 */
export function onnxFiles(model: Model, options: OnnxExportOptions = {}, largest = maxBytes): FileStreams {
  const data = weightBytes(model) > largest ? new DataFile(`${modelFile}.data`) : undefined;
  const bytes = emitted(model, options, data?.place);
  return {
    [modelFile]: { byteLength: bytes.length, chunks: [bytes] },
    ...(data && { [data.name]: data.stream }),
  };
}

const weightBytes = ({ config, tensors }: Model): number =>
  Object.keys(parameterShapes(config)).reduce((sum, name) => sum + tensors[name].data.byteLength, 0);

function emitted({ config, tensors }: Model, { maxTime = config.maxPositionEmbeddings }: OnnxExportOptions, place?: PlaceConstant): Uint8Array {
  if (!Number.isInteger(maxTime) || maxTime < 1 || maxTime > config.maxPositionEmbeddings)
    throw new OnnxExportError(`maxTime must lie in 1..${config.maxPositionEmbeddings}, got ${maxTime}`);
  const names = Object.keys(parameterShapes(config));
  const params = Object.fromEntries(names.map((name) => [name, constant(tensors[name], name)]));
  return emitOpenModel((sizes) => forward(config, params, sizes), { sizesFrom: 'ids', maxTime, place });
}

function forward(config: ModelConfig, params: Params, { batch, time }: Sizes): OpenGraph {
  const ids = input('ids', 'int64', [batch, time]);
  const layout = {
    positions: input('positions', 'int64', [batch, time]),
    mask: input('mask', 'float32', [batch, 1, time, time]),
  };
  const model = { config, params };
  const { hidden } = decoderForward(model, ids, layout, { wholeScores: true });
  const outputs: Record<string, Node> =
    config.head === 'reward'
      ? { reward: rewardHead(model, hidden, input('last', 'int64', [batch])) }
      : { logits: reshape(lmLogits(model, hidden), [batch, time, config.vocabSize]) };
  return { outputs, computed: { positions: writePositions, mask: writeMask, last: writeLast } };
}

type Computed = OpenGraph['computed'][string];

/** Operators in the order they are written, each under a name of its own below `result`. */
function chain(writer: GraphWriter, result: string) {
  let count = 0;
  return (opType: string, inputs: string[], attrs: Record<string, number> = {}, name = `${result}_${++count}`): string => {
    writer.emitAs([name], opType, inputs, { attrs });
    return name;
  };
}

/** max(0, cumulative sum of attention_mask - 1): the place of each token in its row, wherever the padding is. */
const writePositions: Computed = (writer, result) => {
  const put = chain(writer, result);
  const counted = put('CumSum', [attentionMask(writer), writer.initializer(i64([1], []))]);
  put('Max', [put('Sub', [counted, writer.list([1])]), writer.list([0])], {}, result);
};

/** 0 where a token sees another: one that is not padding and not after it; -1e9 elsewhere. [batch, 1, time, time] */
const writeMask: Computed = (writer, result, { time }) => {
  const put = chain(writer, result);
  const steps = timeRange(writer, put, time);
  const causal = put('LessOrEqual', [put('Unsqueeze', [steps, writer.list([0])]), put('Unsqueeze', [steps, writer.list([1])])]);
  const present = put('Cast', [put('Unsqueeze', [attentionMask(writer), writer.list([1, 2])])], { to: elementType('bool') });
  const seen = put('And', [present, causal]);
  put('Where', [seen, writer.initializer(f32([0], [])), writer.initializer(f32([-1e9], []))], {}, result);
};

/** Flat position of each row's last token: row * time + the largest step that is not padding. [batch] */
const writeLast: Computed = (writer, result, { batch, time }) => {
  const put = chain(writer, result);
  const step = put('ReduceMax', [put('Mul', [timeRange(writer, put, time), attentionMask(writer)]), writer.list([1])], { keepdims: 0 });
  put('Add', [put('Mul', [timeRange(writer, put, batch), time]), step], {}, result);
};

/** 0 .. size - 1 */
function timeRange(writer: GraphWriter, put: ReturnType<typeof chain>, size: string): string {
  const [zero, one] = [0, 1].map((value) => writer.initializer(i64([value], [])));
  return put('Range', [zero, put('Squeeze', [size]), one]);
}

/** Declared on first use, beside the `ids` that the forward pass reads. */
function attentionMask(writer: GraphWriter): string {
  writer.addOpenInput('attention_mask', 'int64', ['batch', 'time']);
  return 'attention_mask';
}
