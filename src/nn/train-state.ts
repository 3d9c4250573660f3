import { floats, i64, sameTensorShape, zeros, type Tensor } from './tensor.js';

type Tensors = Readonly<Record<string, Tensor>>;

/**
 * Trainable parameters with their AdamW moments and the count of optimizer steps.
 * Training writes into these tensors in place; `serialise` hands out the same tensors, not copies.
 * Names are sorted, so that the gradient norm is summed in the same order after a resume and comes to the same bits.
 */
export class TrainState {
  private constructor(
    readonly params: Tensors,
    readonly m: Tensors,
    readonly v: Tensors,
    public step: number,
  ) {}

  /** Fresh moments for the given float32 parameters, which are taken over. */
  static init(params: Tensors): TrainState {
    for (const tensor of Object.values(params)) floats(tensor);
    const sorted = inOrder(params);
    const blank = () =>
      Object.fromEntries(Object.entries(sorted).map(([name, { shape }]) => [name, zeros(shape)]));
    return new TrainState(sorted, blank(), blank(), 0);
  }

  /** Flat record for a checkpoint: `param.<name>`, `m.<name>`, `v.<name>` and `step` (int64 scalar). */
  serialise(): Record<string, Tensor> {
    const flat: Record<string, Tensor> = { step: i64([this.step], []) };
    for (const [name, tensor] of Object.entries(this.params)) {
      flat[`param.${name}`] = tensor;
      flat[`m.${name}`] = this.m[name];
      flat[`v.${name}`] = this.v[name];
    }
    return flat;
  }

  /** The opposite of `serialise`; takes the tensors over. Throws when a moment is missing or misshapen. */
  static restore(flat: Tensors): TrainState {
    const step = flat['step'];
    if (!step) throw new Error('the checkpoint has no step');
    const parts = { param: {}, m: {}, v: {} } as Record<'param' | 'm' | 'v', Record<string, Tensor>>;
    for (const name of Object.keys(flat).flatMap((key) => (key.startsWith('param.') ? [key.slice(6)] : []))) {
      for (const part of ['param', 'm', 'v'] as const) {
        const tensor = flat[`${part}.${name}`];
        if (!tensor || !sameTensorShape(tensor, flat[`param.${name}`])) {
          throw new Error(`the checkpoint has no fitting ${part}.${name}`);
        }
        parts[part][name] = tensor;
      }
    }
    return new TrainState(inOrder(parts.param), inOrder(parts.m), inOrder(parts.v), Number(step.data[0]));
  }
}

function inOrder(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.keys(tensors).sort().map((name) => [name, tensors[name]]));
}
