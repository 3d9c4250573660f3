import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { checkProvider, measureProvider, ProviderError } from './providers.js';
import { Session, setDefaultProvider, type Provider } from './session.js';
import { emitModel } from './emit.js';
import { input } from './graph.js';
import { add } from './ops.js';

afterEach(() => setDefaultProvider('cpu'));

const tiny = emitModel({ y: add(input('x', 'float32', [1]), 1) });
const hasNvidia = existsSync('/dev/nvidia0');

describe('execution providers', () => {
  it('finds the CPU right, and says how fast it is', async () => {
    expect(await checkProvider('cpu')).toBeLessThan(1e-6);
    expect(await measureProvider('cpu', { size: 128, products: 2, runs: 2, threads: 1 })).toBeGreaterThan(1e8);
  });

  it('tells in one line why a provider does not start', async () => {
    const error = await checkProvider('no such provider' as Provider).then(() => undefined, (e: unknown) => e);
    expect(error).toBeInstanceOf(ProviderError);
    expect((error as ProviderError).message).toMatch(/^no such provider: \S.*$/);
    expect((error as ProviderError).message).not.toContain('\n');
  });

  it.skipIf(hasNvidia)('does not fall back to the CPU in silence', async () => {
    await expect(checkProvider('cuda')).rejects.toThrow(/^cuda: /);
    setDefaultProvider('cuda');
    await expect(Session.create(tiny)).rejects.toThrow();
    await (await Session.create(tiny, { provider: 'cpu' })).dispose();
  });
});
