import { beforeEach, expect, test } from 'vitest';
import type { Preference } from './comparison.entity.js';
import { JudgementDesk, type Decision } from './judgement-desk.js';

let desk: JudgementDesk;
let next = 0;

beforeEach(() => {
  next = 0;
  desk = new JudgementDesk(
    {
      items: new Set(['i1', 'i2']),
      given: [{ id: 'old', itemId: 'i1', labelerId: 'anna', preference: 'left' }],
      labelers: new Map([
        ['anna', 'anna'],
        ['ben', 'ben'],
      ]),
      labelersByExternalId: new Map([['w-3', 'cleo']]),
      perItem: 2,
    },
    () => `new${++next}`,
  );
});

const offer = (itemId: string, labelerId: string, preference: Preference): Decision =>
  desk.decide({ itemId, labelerId, preference });
const code = (decision: Decision) => (decision.kind === 'refused' ? decision.code : decision.kind);

test('judgements are taken until an item has its number', () => {
  expect(offer('i1', 'ben', 'right')).toEqual({ kind: 'taken', id: 'new1' });
  expect(code(desk.decide({ itemId: 'i1', labelerExternalId: 'w-3', preference: 'tie' }))).toBe(
    'item_complete',
  );
  expect(desk.decide({ itemId: 'i2', labelerExternalId: 'w-3', preference: 'tie' })).toEqual({
    kind: 'taken',
    id: 'new2',
  });
  expect(desk.accepted.map(({ itemId, labelerId }) => [itemId, labelerId])).toEqual([
    ['i1', 'ben'],
    ['i2', 'cleo'],
  ]);
});

test('a labeler judges an item once, also within one request', () => {
  expect(offer('i1', 'anna', 'left')).toEqual({ kind: 'repeated', id: 'old' });
  expect(code(offer('i1', 'anna', 'right'))).toBe('already_judged');
  expect(code(offer('i2', 'ben', 'tie'))).toBe('taken');
  expect(code(offer('i2', 'ben', 'left'))).toBe('already_judged');
  expect(desk.accepted).toHaveLength(1);
});

test('unknown items and labelers, and labelers named twice or not at all, are refused', () => {
  expect(code(offer('i9', 'ben', 'left'))).toBe('item_not_found');
  expect(code(offer('i1', 'nobody', 'left'))).toBe('labeler_not_found');
  expect(code(desk.decide({ itemId: 'i1', preference: 'left' }))).toBe('validation_failed');
  expect(
    code(desk.decide({ itemId: 'i1', labelerId: 'ben', labelerExternalId: 'w-3', preference: 'left' })),
  ).toBe('validation_failed');
  expect(desk.accepted).toEqual([]);
});
