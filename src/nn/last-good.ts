/**
 * Copies of weights that are known to be good. Training overwrites weights in place, and only the step after an update
 * shows what the update made of them: when its loss is not finite, both the weights that gave it and those it started
 * from are spoilt. So weights are set aside before each step, and count as good once a step from them has gone well.
 * Costs the memory of the trained weights twice.
 */
import { f32, floats, type Tensor } from './tensor.js';

const prefix = 'good.';

type Copies = Record<string, Float32Array>;

export class LastGood {
  private good: Copies | undefined;
  private aside: Copies | undefined;

  /** @param params float32 tensors that training writes into */
  constructor(private readonly params: Readonly<Record<string, Tensor>>) {}

  /** Before a step: the weights as they are now. */
  setAside(): void {
    this.aside ??= Object.fromEntries(Object.entries(this.params).map(([name, tensor]) => [name, new Float32Array(tensor.data.length)]));
    for (const [name, copy] of Object.entries(this.aside)) copy.set(floats(this.params[name]));
  }

  /** After a step that went well: what was set aside is good. */
  accept(): void {
    [this.good, this.aside] = [this.aside, this.good];
  }

  /** Brings the weights back to the last good ones, or to the first that were set aside; leaves them where there are none. */
  restore(): void {
    for (const [name, copy] of Object.entries(this.good ?? this.aside ?? {})) floats(this.params[name]).set(copy);
  }

  /** For the saved progress, so that a resumed run ends at the same weights: `good.<name>`; overwritten by later steps. */
  serialise(): Record<string, Tensor> {
    return Object.fromEntries(Object.entries(this.good ?? {}).map(([name, copy]) => [prefix + name, f32(copy, this.params[name].shape)]));
  }

  /** Takes what `serialise` gave, by copy; other tensors are passed over. */
  load(saved: Readonly<Record<string, Tensor>>): void {
    const own = Object.entries(saved).filter(([name]) => name.startsWith(prefix));
    if (own.length > 0) this.good = Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), floats(tensor).slice()]));
  }
}
