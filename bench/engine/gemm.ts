// What the machine can do at most: one large matrix product on the runtime the engine uses.
import { emitModel } from '#src/nn/emit.js';
import { input } from '#src/nn/graph.js';
import { matmul } from '#src/nn/ops.js';
import { Session } from '#src/nn/session.js';
import { f32, zeros, type Tensor } from '#src/nn/tensor.js';

export const gemmSize = 1024;
export const gemmFlops = 2 * gemmSize ** 3;

export class Gemm {
  private constructor(
    private readonly session: Session,
    private readonly feeds: Record<string, Tensor>,
  ) {}

  static async create(threads: number): Promise<Gemm> {
    const shape = [gemmSize, gemmSize];
    const product = matmul(input('a', 'float32', shape), input('b', 'float32', shape));
    const filled = () => f32(Float32Array.from({ length: gemmSize ** 2 }, () => Math.random()), shape);
    return new Gemm(await Session.create(emitModel({ product }), { threads }), { a: filled(), b: filled() });
  }

  /** Seconds of each of `times` products. */
  async run(times: number): Promise<number[]> {
    const into = { product: zeros([gemmSize, gemmSize]) };
    const seconds: number[] = [];
    for (let i = 0; i < times; i++) {
      const started = performance.now();
      await this.session.run(this.feeds, into);
      seconds.push((performance.now() - started) / 1000);
    }
    return seconds;
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}
