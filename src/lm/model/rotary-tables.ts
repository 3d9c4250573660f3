/**
 * Rotary tables (Su et al. 2021, arXiv:2104.09864): angle = position * theta^(-2i / headDim), with the two
 * ways of stretching a trained context that keep fixed frequencies: `linear` (Chen et al. 2023,
 * arXiv:2306.15595) and `llama3` (Llama 3.1's configuration).
 */
import { f32, type Tensor } from '#src/nn/tensor.js';
import { type ModelConfig, type RopeScaling } from './model-config.js';

/** cos and sin, each [positions, headDim / 2]. */
export function rotaryTables(
  { headDim, ropeTheta, ropeScaling }: ModelConfig,
  positions: number,
): { cos: Tensor; sin: Tensor } {
  const half = headDim / 2;
  const frequencies = Array.from({ length: half }, (_, i) => scaled(ropeTheta ** (-i / half), ropeScaling));
  const table = (f: (x: number) => number): Tensor =>
    f32(
      Float32Array.from({ length: positions * half }, (_, i) =>
        f(Math.floor(i / half) * frequencies[i % half]),
      ),
      [positions, half],
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** Radians per position. */
function scaled(frequency: number, scaling: RopeScaling | undefined): number {
  if (!scaling) return frequency;
  const stretched = frequency / scaling.factor;
  if (scaling.type === 'linear') return stretched;
  // Turns within the original context: many turns tell near positions apart and stay, few are stretched.
  const { lowFreqFactor: low, highFreqFactor: high, originalMaxPositions } = scaling;
  const turns = (originalMaxPositions * frequency) / (2 * Math.PI);
  if (turns > high) return frequency;
  if (turns < low) return stretched;
  const share = (turns - low) / (high - low);
  return (1 - share) * stretched + share * frequency;
}
