// Every op case on ONNX Runtime against PyTorch, forward and backward; tools/oracles/op_cases.py wrote the file.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { constant, type Node } from '#src/nn/graph.js';
import { buildCase, opCases, packedFeeds, type OpCase } from '#src/nn/op-cases.fixture.js';
import { providersHere, slack } from '#src/nn/providers.fixture.js';
import { copyOf, runOnce } from '#src/nn/testing.fixture.js';
import { difference, unpack, type Packed, type PackedTensors } from './golden.js';

interface CaseGolden {
  /** Hash of the inputs. */
  feeds: string;
  outputs: PackedTensors;
  /** Where the case is differentiable: gradients are those of sum(y * upstream). */
  upstream?: Packed;
  gradients?: PackedTensors;
}

const { cases } = JSON.parse(readFileSync(new URL('op-cases.json', import.meta.url), 'utf8')) as { cases: Record<string, CaseGolden> };
const tolerance = 1e-5;

/** Gradients by input, as outputs. */
function gradientsOf(opCase: OpCase, { upstream, gradients = {} }: CaseGolden, inputs: Record<string, Node>, y: Node): Record<string, Node> {
  expect(upstream === undefined, 'has gradients').toBe(opCase.differentiable === false);
  if (!upstream) return {};
  const names = Object.keys(gradients);
  expect(names).toEqual(Object.keys(inputs).filter((name) => inputs[name].dtype === 'float32'));
  const found = grad(y, names.map((name) => inputs[name]), constant(unpack(upstream)));
  return Object.fromEntries(names.map((name, i) => [`gradient of ${name}`, found[i]]));
}

const here = await providersHere('the operators and their gradients');

describe('golden results', () => {
  it('are there for all operators, and none that nobody looks at', () => {
    expect(Object.keys(cases).sort()).toEqual(opCases.map(({ name }) => name).sort());
  });
});

describe.each(here)('the operators on %s against PyTorch, forward and backward', (provider) => {
  it.each(opCases.map((opCase) => [opCase.name, opCase] as const))('%s', async (name, opCase) => {
    const golden = cases[name];
    expect(packedFeeds(opCase).hash, 'inputs have changed: run tools/oracles/op_cases.py').toBe(golden.feeds);
    const { inputs, outputs } = buildCase(opCase);
    const gradients = gradientsOf(opCase, golden, inputs, outputs.y);
    const feeds = copyOf(opCase.feeds);
    const got = await runOnce({ ...outputs, ...gradients }, feeds, { provider });
    const wanted = { ...golden.outputs, ...Object.fromEntries(Object.entries(golden.gradients ?? {}).map(([of, gradient]) => [`gradient of ${of}`, gradient])) };
    expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
    for (const [output, expected] of Object.entries(wanted)) expect(difference(got[output], expected), output).toBeLessThan((opCase.tolerance ?? tolerance) * slack[provider]);
  });
});
