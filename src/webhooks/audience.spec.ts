import { expect, test } from 'vitest';
import { hears, payload } from './fan-out.service.js';

test.each([
  ['the owner hears all', null, [], ['a', 'b'], true],
  ['the owner hears what names no vendor', null, [], [], true],
  ['a vendor hears of itself', 'a', [], ['b', 'a'], true],
  ['a vendor hears nothing of others', 'a', [], ['b'], false],
  ['a vendor hears nothing of the owner', 'a', [], [], false],
  ['filters hold for the owner', null, ['job.failed'], [], false],
  ['filters hold for a vendor', 'a', ['job.failed'], ['a'], false],
  ['what passes the filter is heard', 'a', ['job.failed', 'labeling_batch.closed'], ['a'], true],
] as const)('%s', (_, vendorId, eventTypes, vendorIds, heard) => {
  expect(hears({ vendorId, eventTypes }, { type: 'labeling_batch.closed', vendorIds })).toBe(heard);
});

test('the payload holds type, time and ids, and not who else is told', () => {
  const event = { type: 'labeling_batch.closed' as const, data: { labelingBatchId: 'x' }, createdAt: new Date(0), vendorIds: ['a', 'b'] };
  expect(payload(event)).toBe('{"type":"labeling_batch.closed","timestamp":"1970-01-01T00:00:00.000Z","data":{"labelingBatchId":"x"}}');
});
