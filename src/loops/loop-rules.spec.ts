import { expect, test } from 'vitest';
import type { LoopConfig } from './loop-config.js';
import { completeLoop } from './loop-defaults.js';
import { brokenRule } from './loop-rules.js';
import type { CreateLoopDto } from './loops.dto.js';

const minimal = {
  generation: { prompts: 8 },
  training: { method: 'grpo' },
  judge: { type: 'labelers', judgementsPerItem: 1 },
} as CreateLoopDto;
const config = completeLoop(minimal);
const codeOf = (change: Partial<LoopConfig>) => {
  const init = brokenRule({ ...config, ...change })?.init;
  return init && [init.code, init.errors![0].pointer];
};

test('the defaults go together', () => {
  expect(brokenRule(config)).toBeUndefined();
  expect(config).toMatchObject({ iterations: 3, generation: { prompts: 8, candidates: 24, selection: 'random' }, gate: { winRate: 0.5, maxKl: null } });
});

test('each setting beyond its range, and each pair that does not go together, has its own code', () => {
  const { gate, ratings, generation, pairs, training } = config;
  const cases: [Partial<LoopConfig>, string, string][] = [
    [{ gate: { ...gate, winRate: 1 } }, 'gate_out_of_range', '/gate/winRate'],
    [{ gate: { ...gate, winRate: NaN } }, 'gate_out_of_range', '/gate/winRate'],
    [{ gate: { ...gate, maxKl: 0 } }, 'kl_budget_out_of_range', '/gate/maxKl'],
    [{ gate: { ...gate, maxKl: 1 }, training: { ...training, method: 'dpo' } }, 'kl_budget_unsupported', '/gate/maxKl'],
    [{ gate: { ...gate, maxKl: 1 }, training: { ...training, method: 'kto' } }, 'kl_budget_unsupported', '/gate/maxKl'],
    [{ gate: { ...gate, maxKl: 1 }, training: { method: 'rloo', hyperparameters: { beta: 0 } } }, 'kl_not_measured', '/gate/maxKl'],
    [{ ratings: { ...ratings, quorum: 0 } }, 'quorum_out_of_range', '/ratings/quorum'],
    [{ ratings: { ...ratings, perCompletion: 2, minimumAgreement: 1.1 } }, 'agreement_out_of_range', '/ratings/minimumAgreement'],
    [{ ratings: { ...ratings, minimumAgreement: 0.6 } }, 'agreement_needs_two_ratings', '/ratings/perCompletion'],
    [{ pairs: { ...pairs, aggregation: 'reliability-weighted' } }, 'reliability_needs_two_ratings', '/ratings/perCompletion'],
    [{ pairs: { ...pairs, evalFraction: 0 }, training: { method: 'dpo', hyperparameters: { keep: 'best' } } }, 'nothing_held_out', '/training/hyperparameters/keep'],
    [{ pairs: { ...pairs, evalFraction: 0 }, training: { method: 'kto', hyperparameters: { keep: 'best' } } }, 'nothing_held_out', '/training/hyperparameters/keep'],
    [{ generation: { ...generation, selection: 'disagreement' } }, 'selection_needs_ensemble', '/generation/selection'],
    [{ generation: { ...generation, candidates: 7 } }, 'not_enough_candidates', '/generation/candidates'],
  ];
  for (const [change, code, pointer] of cases) expect(codeOf(change)).toEqual([code, pointer]);
  for (const measured of [{ method: 'grpo', hyperparameters: { beta: 0, klBudget: 1 } }, { method: 'ppo', hyperparameters: { beta: 0 } }] as const)
    expect(codeOf({ gate: { ...gate, maxKl: 1 }, training: measured })).toBeUndefined();
  expect(codeOf({ generation: { ...generation, selection: 'disagreement' }, reward: { members: 3 } })).toBeUndefined();
});
