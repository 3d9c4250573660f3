import { readFileSync } from 'node:fs';
import { expect, expectTypeOf, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { checkEvent, eventDefinitions, eventTypes, InvalidEventError, type DomainEvent } from './event-types.js';

test('the type names the fields', () => {
  expectTypeOf<Extract<DomainEvent, { type: 'policy.promoted' }>['data']>().toEqualTypeOf<{
    policyId: string;
    policyVersionId: string;
    alias: string;
  }>();
  expectTypeOf<Extract<DomainEvent, { type: 'loop.awaiting_ratings' }>['data']['labelingBatchId']>().toEqualTypeOf<string | null>();
});

test('every event names an id, and its name says resource and act', () => {
  for (const type of eventTypes) {
    expect(type).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/);
    expect(Object.values(eventDefinitions[type].fields)).toContain('id');
  }
});

test('ids and words pass, anything else stays inside', () => {
  const data = { policyId: newId(), policyVersionId: newId(), alias: 'production' };
  expect(() => checkEvent({ type: 'policy.promoted', data })).not.toThrow();
  const wrong: [object, string][] = [
    [{ ...data, policyId: 'mine' }, 'policyId is no id'],
    [{ ...data, alias: 'a text of the user, with spaces' }, 'alias is no name'],
    [{ ...data, text: 'a completion' }, 'text is not declared'],
    [{ policyId: data.policyId, alias: 'x' }, 'policyVersionId is no id'],
  ];
  for (const [given, message] of wrong) {
    expect(() => checkEvent({ type: 'policy.promoted', data: given as typeof data })).toThrow(InvalidEventError);
    expect(() => checkEvent({ type: 'policy.promoted', data: given as typeof data })).toThrow(message);
  }
});

test('what may be absent is null, and counts are whole', () => {
  const data = { loopId: newId(), iteration: 0, labelingBatchId: null };
  expect(() => checkEvent({ type: 'loop.awaiting_ratings', data })).not.toThrow();
  expect(() => checkEvent({ type: 'loop.awaiting_ratings', data: { ...data, iteration: 1.5 } })).toThrow('iteration is no count');
});

test('the table of docs/webhooks.md has every event with its fields', () => {
  const rows = readFileSync('docs/webhooks.md', 'utf8').matchAll(/^\| (`[a-z_]+\..*) \| (`.*`) \|$/gm);
  const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word);
  const told = [...rows].flatMap(([, types, fields]) => {
    const [first, ...rest] = words(types);
    // `job.succeeded`, `.failed`
    return [first, ...rest.map((type) => (type.startsWith('.') ? first.split('.')[0] + type : type))].map((type) => [type, words(fields)]);
  });
  const declared = eventTypes.map((type) => [type, Object.keys(eventDefinitions[type].fields)]);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(declared));
});
