/**
 * Execution: the only file that depends on ONNX Runtime.
 * `run` blocks the event loop of its process while the graph computes; call it from a worker.
 */
import type * as ort from 'onnxruntime-node';
import { pulse } from '#src/common/pulse.js';
import { allocate, type Tensor } from './tensor.js';

/** Execution providers of ONNX Runtime that are known to start from its Node package. */
export const providers = ['cpu', 'cuda', 'webgpu'] as const;
export type Provider = (typeof providers)[number];

export interface SessionOptions {
  /** Threads of one operator; ONNX Runtime's choice (the physical cores) when left out. */
  readonly threads?: number;
  /** Execution provider; default: the process's choice (setDefaultProvider). Operators it lacks run on the CPU. */
  readonly provider?: Provider;
  /** Whether the session keeps memory that a run gave back, for its next run; not when left out. */
  readonly arena?: boolean;
  /** Whether waiting threads spin for a while before they sleep; not when left out. */
  readonly spinning?: boolean;
  /**
   * Whether the graph runs as it is written. The runtime's optimizers take time with the square of the number of operators:
   * many seconds for a training graph, which gains nothing by them.
   */
  readonly asWritten?: boolean;
  /** Optimizers to leave out, for instance `CommonSubexpressionElimination`, which undoes recomputation. */
  readonly withoutOptimizers?: readonly string[];
  /** Where to write the optimized model, to look at what the runtime really runs. */
  readonly optimizedModelPath?: string;
  /** Constants of the model that lie beside it (emit/external-data.ts), by the name of their file. */
  readonly externalData?: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** Begin of the name of the file into which `endProfiling` writes the time of every operator; not measured when left out. */
  readonly profilePrefix?: string;
}

/** Loaded by the first session: a process that computes nothing, such as the API, does without these libraries. */
let runtime: typeof ort;
const loadRuntime = async (): Promise<typeof ort> => (runtime ??= await import('onnxruntime-node'));

let defaultThreads: number | undefined;
let defaultProvider: Provider = 'cpu';

/** Threads of sessions that name none; a process sets it once, before its first session. 0 leaves the choice to the runtime. */
export function setDefaultThreads(threads: number): void {
  defaultThreads = threads > 0 ? threads : undefined;
}

/** The provider of sessions that name none; a process sets it once, after it has checked that it starts (providers.ts). */
export function setDefaultProvider(provider: Provider): void {
  defaultProvider = provider;
}

export type Feeds = Readonly<Record<string, Tensor>>;

export class Session {
  private constructor(private readonly inner: ort.InferenceSession) {}

  static async create(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const { threads = defaultThreads, provider = defaultProvider, arena = false, asWritten = false, externalData = [], optimizedModelPath, profilePrefix } = options;
    const { InferenceSession } = await loadRuntime();
    const create = () => InferenceSession.create(model, {
      executionProviders: [provider],
      interOpNumThreads: 1,
      graphOptimizationLevel: asWritten ? 'disabled' : 'all',
      logSeverityLevel: 3,
      // The memory pattern plans one block for every activation of a training graph; without it the peak is
      // lower.
      enableMemPattern: false,
      enableCpuMemArena: arena,
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(externalData.length === 0 ? {} : { externalData }),
      ...(optimizedModelPath === undefined ? {} : { optimizedModelFilePath: optimizedModelPath }),
      ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
      extra: extraOptions(options),
    });
    return new Session(await pulse.computing(create));
  }

  get inputNames(): readonly string[] {
    return this.inner.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.inner.outputNames;
  }

  /**
   * Computes all outputs. Results named in `into` are written to the given tensors; a tensor that is both fed
   * and
   * named in `into` is updated in place, without a copy. Feeds the graph does not read are ignored.
   */
  async run(feeds: Feeds, into: Feeds = {}): Promise<Record<string, Tensor>> {
    const bound = new Map<Tensor, ort.Tensor>();
    const bind = (tensor: Tensor): ort.Tensor => {
      const known = bound.get(tensor) ?? toRuntime(tensor);
      bound.set(tensor, known);
      return known;
    };
    const given: Record<string, ort.Tensor> = {};
    for (const name of this.inner.inputNames) {
      const tensor = feeds[name];
      if (!tensor) throw new Error(`the graph needs an input ${name}`);
      given[name] = bind(tensor);
    }
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of this.inner.outputNames) fetches[name] = into[name] ? bind(into[name]) : null;
    const results = await pulse.computing(() => this.inner.run(given, fetches));
    return Object.fromEntries(
      this.inner.outputNames.map((name) => [name, into[name] ?? fromRuntime(results[name])]),
    );
  }

  /** Writes `<profilePrefix>_<time>.json`, Chrome's trace format, and measures no more. */
  endProfiling(): void {
    this.inner.endProfiling();
  }

  async dispose(): Promise<void> {
    await this.inner.release();
  }
}

/** ONNX Runtime's own configuration keys, nested at their dots. */
function extraOptions({ withoutOptimizers = [], spinning = false }: SessionOptions): Record<string, unknown> {
  const optimizers = { disable_specified_optimizers: withoutOptimizers.join(';') };
  return {
    session: { intra_op: { allow_spinning: spinning ? '1' : '0' } },
    ...(withoutOptimizers.length === 0 ? {} : { optimization: optimizers }),
  };
}

function toRuntime({ dtype, data, shape }: Tensor): ort.Tensor {
  return new runtime.Tensor(dtype, data as Float32Array, [...shape]);
}

function fromRuntime(value: ort.Tensor): Tensor {
  const { type, data, dims } = value;
  if (type !== 'float32' && type !== 'int64' && type !== 'int32' && type !== 'uint8' && type !== 'bool') {
    throw new TypeError(`the graph returned a tensor of type ${type}`);
  }
  return { dtype: type, shape: [...dims], data: (data ?? allocate(type, 0)) as Tensor['data'] };
}
