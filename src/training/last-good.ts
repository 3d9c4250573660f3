/**
 * A copy of weights that are known to be good. Training overwrites weights in place, so that when a loss turns out not to
 * be finite the weights behind it are gone; with a copy from before the step the run can end where it was well. Costs the
 * memory of the trained weights once.
 */
import { f32, floats, type Tensor } from '#src/nn/tensor.js';

const prefix = 'good.';

export class LastGood {
  private kept: Record<string, Float32Array> | undefined;

  /** @param params float32 tensors that training writes into */
  constructor(private readonly params: Readonly<Record<string, Tensor>>) {}

  /** The weights are good as they are now. */
  keep(): void {
    this.kept ??= Object.fromEntries(Object.entries(this.params).map(([name, tensor]) => [name, new Float32Array(tensor.data.length)]));
    for (const [name, copy] of Object.entries(this.kept)) copy.set(floats(this.params[name]));
  }

  /** Brings the weights back to what they were at the last `keep`; leaves them when there was none. */
  restore(): void {
    for (const [name, copy] of Object.entries(this.kept ?? {})) floats(this.params[name]).set(copy);
  }

  /** For the saved progress, so that a resumed run ends at the same weights: `good.<name>`; overwritten by `keep`. */
  serialise(): Record<string, Tensor> {
    return Object.fromEntries(Object.entries(this.kept ?? {}).map(([name, copy]) => [prefix + name, f32(copy, this.params[name].shape)]));
  }

  /** Takes what `serialise` gave, by copy; other tensors are passed over. */
  load(saved: Readonly<Record<string, Tensor>>): void {
    const own = Object.entries(saved).filter(([name]) => name.startsWith(prefix));
    if (own.length > 0) this.kept = Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), floats(tensor).slice()]));
  }
}
