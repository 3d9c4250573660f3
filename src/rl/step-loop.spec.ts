import { expect, test } from 'vitest';
import { LastGood } from '#src/nn/last-good.js';
import { f32, floats } from '#src/nn/tensor.js';
import { EndEarly, runSteps, TrainingDivergedError, type Steps } from './step-loop.js';

/** One weight that every step raises by 1, and a list of what happened. */
function world(change: Partial<Steps<number, 'enough'>> = {}) {
  const params = { w: f32([0], [1]) };
  const weight = (): number => floats(params.w)[0];
  const told: string[] = [];
  const run: Steps<number, 'enough'> = {
    total: 4,
    taken: 0,
    good: new LastGood(params),
    take: (step) => {
      told.push(`take ${step}`);
      floats(params.w)[0] += 1;
      return Promise.resolve(step);
    },
    evaluate: (step) => Promise.resolve(void told.push(`evaluate ${step}`)),
    report: (step, taken) => void told.push(`report ${step} ${taken}`),
    check: () => Promise.resolve(void told.push('check')),
    ...change,
  };
  return { run, told, weight, params };
}

const diverged = (): never => {
  throw new TrainingDivergedError('not a number');
};

test('every step is taken, evaluated and reported in turn, and the last weights are looked at', async () => {
  const { run, told } = world({ total: 2 });
  expect(await runSteps(run)).toEqual({ taken: 2 });
  expect(told).toEqual(['take 1', 'evaluate 1', 'report 1 1', 'take 2', 'evaluate 2', 'report 2 2', 'check']);
});

test('a resumed run goes on after the steps that were taken', async () => {
  const { run, told } = world({ taken: 3 });
  expect(await runSteps(run)).toEqual({ taken: 4 });
  expect(told).toEqual(['take 4', 'evaluate 4', 'report 4 4', 'check']);
});

test('a step that diverges is not reported, and weights go back to the last from which a step went well', async () => {
  const { run, told, weight, params } = world();
  const take = run.take;
  run.take = (step) => (step === 3 ? (floats(params.w).fill(NaN), diverged()) : take(step));
  // After step 2 the weight is 2; only step 3 would have shown that 2 is good.
  expect(await runSteps(run)).toEqual({ taken: 2, stopped: { reason: 'diverged', step: 3, detail: 'not a number' } });
  expect(weight()).toBe(1);
  expect(told.at(-1)).toBe('report 2 2');
});

test('an evaluation that diverges takes its step back', async () => {
  const { run, told, weight } = world({ evaluate: (step) => (step === 2 ? diverged() : Promise.resolve()) });
  expect(await runSteps(run)).toMatchObject({ taken: 1, stopped: { reason: 'diverged', step: 2 } });
  expect(weight()).toBe(0);
  expect(told).toEqual(['take 1', 'report 1 1', 'take 2']);
});

test('before a step has gone well the weights are those of the start', async () => {
  const { run, weight, params } = world();
  run.take = () => (floats(params.w).fill(NaN), diverged());
  expect(await runSteps(run)).toMatchObject({ taken: 0, stopped: { step: 1 } });
  expect(weight()).toBe(0);
});

test('the last weights may be found broken when all steps are taken', async () => {
  const { run, weight } = world({ total: 3, check: diverged });
  expect(await runSteps(run)).toEqual({ taken: 3, stopped: { reason: 'diverged', step: 3, detail: 'not a number' } });
  expect(weight()).toBe(2);
});

test('a step may end the run before it is taken, with a reason of its own', async () => {
  const { run, told, weight } = world();
  const take = run.take;
  run.take = (step) => (step === 3 ? Promise.resolve(new EndEarly('enough', 'twice is enough')) : take(step));
  expect(await runSteps(run)).toEqual({ taken: 2, stopped: { reason: 'enough', step: 3, detail: 'twice is enough' } });
  expect(weight()).toBe(1);
  expect(told).not.toContain('check');
});

test('an abort is heeded between steps, and other errors pass', async () => {
  const controller = new AbortController();
  const { run, told } = world({ signal: controller.signal, report: (step) => void (step === 2 && controller.abort(new Error('paused'))) });
  await expect(runSteps(run)).rejects.toThrow('paused');
  expect(told.filter((line) => line.startsWith('take'))).toEqual(['take 1', 'take 2']);
  await expect(runSteps(world({ report: () => { throw new Error('no room'); } }).run)).rejects.toThrow('no room');
});

test('a resumed run that diverges at once goes back as far as the undisturbed one', async () => {
  const { run, params } = world({ total: 2 });
  await runSteps(run);
  const resumed = world({ taken: 2, take: () => diverged() });
  floats(resumed.params.w)[0] = floats(params.w)[0];
  resumed.run.good.load(run.good.serialise());
  expect(await runSteps(resumed.run)).toMatchObject({ taken: 2, stopped: { step: 3 } });
  expect(resumed.weight()).toBe(1);
});
