import { describe, expect, it } from 'vitest';
import { emitRules } from './emit/rules.js';
import { gradRules } from './grad/rules.js';
import { topologicalOrder } from './graph.js';
import { interpret } from './interpret.js';
import { kernels } from './interpret/kernels.js';
import { buildCase, opCases } from './op-cases.fixture.js';
import { providersHere, slack } from './providers.fixture.js';
import { copyOf, difference, runOnce } from './testing.fixture.js';

const here = await providersHere('the operators');

it('the CPU provider starts everywhere', () => expect(here).toContain('cpu'));

describe.each(here)('forward: ONNX Runtime on %s against the interpreter', (provider) => {
  it.each(opCases.map((c) => [c.name, c] as const))('%s', async (_, opCase) => {
    const { outputs } = buildCase(opCase);
    const expected = interpret(outputs, opCase.feeds);
    const feeds = copyOf(opCase.feeds);
    const got = await runOnce(outputs, feeds, { provider });
    for (const name of Object.keys(outputs)) {
      expect(difference(got[name], expected[name]), name).toBeLessThan((opCase.tolerance ?? 3e-6) * slack[provider]);
    }
  });
});

describe('the op set', () => {
  it('has the same ops in all three tables', () => {
    expect(Object.keys(gradRules).sort()).toEqual(Object.keys(emitRules).sort());
    expect(Object.keys(kernels).sort()).toEqual(Object.keys(emitRules).sort());
  });

  it('is covered by the cases', () => {
    const used = new Set(
      opCases.flatMap((c) => topologicalOrder(Object.values(buildCase(c).outputs)).map((n) => n.op)),
    );
    // Side outputs are read by gradients only, which op-cases.spec.ts runs on ONNX Runtime.
    expect(Object.keys(emitRules).filter((op) => !used.has(op as keyof typeof emitRules))).toEqual(['Output']);
  });
});
