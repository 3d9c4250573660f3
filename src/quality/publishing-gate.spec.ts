import { expect, test } from 'vitest';
import { pilotAgreement, publishingGate } from './publishing-gate.js';

const pilot = (agreement: number | null) => ({ pilotId: 'p', agreement });

test.each([
  [null, null, true, undefined],
  [0.5, null, false, 'pilot_missing'],
  [null, pilot(0.667), true, undefined],
  [null, pilot(0.6), false, 'agreement_below_minimum'],
  [0.5, pilot(0.6), true, undefined],
  [0.8, pilot(0.7), false, 'agreement_below_minimum'],
  [0.1, pilot(null), false, 'agreement_below_minimum'],
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
