/** Rotary tables of Llama (Su et al. 2021, arXiv:2104.09864): angle = position * theta^(-2i / headDim). */
import { f32, type Tensor } from '#src/nn/tensor.js';
import { type ModelConfig } from './config.js';

/** cos and sin, each [positions, headDim / 2]. */
export function rotaryTables(
  { headDim, ropeTheta }: ModelConfig,
  positions: number,
): { cos: Tensor; sin: Tensor } {
  const half = headDim / 2;
  const angle = (i: number): number => Math.floor(i / half) * ropeTheta ** (-(i % half) / half);
  const table = (f: (x: number) => number): Tensor =>
    f32(
      Float32Array.from({ length: positions * half }, (_, i) => f(angle(i))),
      [positions, half],
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
