import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '#src/lm/model/config.js';
import { floats } from '#src/nn/tensor.js';
import { lookupInit } from './init.js';

const config: ModelConfig = {
  hiddenSize: 64,
  intermediateSize: 32,
  numLayers: 1,
  numHeads: 4,
  numKeyValueHeads: 4,
  headDim: 16,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  vocabSize: 20,
  maxPositionEmbeddings: 32,
  tieWordEmbeddings: true,
  bosTokenId: null,
  eosTokenIds: [1],
  padTokenId: 0,
  head: 'lm',
};

describe('lookupInit', () => {
  const tensors = lookupInit(config, 1, 0.5);
  const weight = (module: string) => floats(tensors[`model.layers.0.self_attn.${module}.weight`]);

  it('starts keys equal to queries in heads that look for their like, and turned ones longer', () => {
    const [query, key] = [weight('q_proj'), weight('k_proj')];
    const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    expect(norm(query) / norm(key)).toBeCloseTo(2, 3);
    expect(query).not.toEqual(key);
    const two = lookupInit({ ...config, numLayers: 3 }, 1);
    expect(two['model.layers.2.self_attn.q_proj.weight'].data).toEqual(two['model.layers.2.self_attn.k_proj.weight'].data);
  });

  it('makes a turned head score highest the stated number of words back, on equal words', () => {
    const [query, key] = [weight('q_proj'), weight('k_proj')];
    const x = Array.from({ length: 64 }, (_, i) => Math.cos(i * i));
    for (const [head, back] of [1, 2, 3, 4].entries()) {
      const rows = (map: Float32Array) => Array.from({ length: 16 }, (_, i) => x.reduce((sum, value, col) => sum + value * map[(head * 16 + i) * 64 + col], 0));
      const score = (distance: number) => {
        const [q, k] = [rotated(rows(query), distance), rows(key)];
        return q.reduce((sum, value, i) => sum + value * k[i], 0);
      };
      const scores = Array.from({ length: 12 }, (_, distance) => score(distance));
      expect(scores.indexOf(Math.max(...scores))).toBe(back);
    }
  });

  it('makes output after value close to half the identity', () => {
    const [value, output] = [weight('v_proj'), weight('o_proj')];
    const product = (i: number, j: number) => Array.from({ length: 64 }, (_, k) => output[i * 64 + k] * value[k * 64 + j]).reduce((a, b) => a + b, 0);
    let diagonal = 0;
    for (let i = 0; i < 64; i++) diagonal += product(i, i) / 64;
    expect(diagonal).toBeGreaterThan(0.4);
    expect(diagonal).toBeLessThan(0.6);
    let off = 0;
    for (let i = 1; i < 64; i++) off += Math.abs(product(i, i - 1)) / 63;
    expect(off).toBeLessThan(0.12);
  });

  it('refuses shared key-value heads', () => {
    expect(() => lookupInit({ ...config, numKeyValueHeads: 2 }, 1)).toThrow(RangeError);
  });
});

/** Rotary embedding of a head's vector [16] at a position, half-split layout. */
function rotated(vector: number[], position: number): number[] {
  const half = vector.length / 2;
  return vector.map((value, i) => {
    const angle = position * 10_000 ** (-(i % half) / half);
    return i < half ? value * Math.cos(angle) - vector[i + half] * Math.sin(angle) : value * Math.cos(angle) + vector[i - half] * Math.sin(angle);
  });
}
