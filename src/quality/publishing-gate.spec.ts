import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { krippendorffAlpha } from './alpha.js';
import { coincidences, coincidenceTable } from './coincidences.js';
import { fewestPilotItems, pilotAgreement, publishingGate, type PilotFinding } from './publishing-gate.js';

const pilot = (agreement: number | null, fields: Partial<PilotFinding> = {}): PilotFinding => ({
  pilotId: 'p',
  state: 'completed',
  items: fewestPilotItems,
  agreement,
  ...fields,
});

test.each([
  [null, null, true, undefined],
  [0.5, null, false, 'pilot_missing'],
  [null, pilot(0.667), true, undefined],
  [null, pilot(0.6), false, 'agreement_below_minimum'],
  [0.5, pilot(0.6), true, undefined],
  [0.8, pilot(0.7), false, 'agreement_below_minimum'],
  [0.1, pilot(null), false, 'agreement_below_minimum'],
  [null, pilot(1, { state: 'open' }), false, 'pilot_unfinished'],
  [null, pilot(1, { state: 'closed' }), true, undefined],
  [null, pilot(1, { items: fewestPilotItems - 1 }), false, 'pilot_too_small'],
  [null, pilot(1, { items: 2 }), false, 'pilot_too_small'],
  // What cannot be known yet is not called too little.
  [null, pilot(null, { state: 'open', items: 0 }), false, 'pilot_unfinished'],
  [null, pilot(null, { items: 0 }), false, 'pilot_too_small'],
])('minimum %s, pilot %o', (minimum, found, open, code) => {
  const answer = publishingGate(minimum, found);
  expect(answer.open).toBe(open);
  if (!answer.open) expect(answer.code).toBe(code);
});

test('the weakest dimension decides, and one that is unknown leaves all unknown', () => {
  expect(pilotAgreement([0.9, 0.4, 0.7])).toBe(0.4);
  expect(pilotAgreement([0.9, null])).toBeNull();
  expect(pilotAgreement([])).toBeNull();
});

test('so many items keep luck from publishing a poor criterion, and fewer do not', () => {
  const rng = Rng.from('pilots');
  // Quintiles of the normal distribution; opinions that share 45% of their variance have an alpha of 0.4.
  const borders = [-0.8416, -0.2533, 0.2533, 0.8416];
  const item = (labelers: number) => {
    const counts = [0, 0, 0, 0, 0];
    const shared = Math.sqrt(0.45) * rng.normal();
    for (let l = 0; l < labelers; l++) {
      const opinion = shared + Math.sqrt(0.55) * rng.normal();
      counts[borders.filter((border) => opinion > border).length]++;
    }
    return { counts, items: 1 };
  };
  const alphaOf = (items: number) =>
    krippendorffAlpha(coincidences(coincidenceTable(Array.from({ length: items }, () => item(3)), 5)), [1, 2, 3, 4, 5], 'ordinal');
  expect(alphaOf(20_000)).toBeCloseTo(0.4, 1);
  const opened = (items: number) => Array.from({ length: 1000 }, () => alphaOf(items)!).filter((alpha) => alpha >= 0.667).length / 1000;
  expect(opened(fewestPilotItems)).toBeLessThan(0.03);
  expect(opened(5)).toBeGreaterThan(0.08);
});
