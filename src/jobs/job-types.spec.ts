import { expect, test } from 'vitest';
import { checkPayload, InvalidPayloadError, isJobType, jobTypes, queueNames, queueOf, typesOfQueue } from './job-types.js';

const id = '019a8a5e-0000-7000-8000-000000000001';

test('every job has a queue and every queue carries a job', () => {
  expect(new Set(jobTypes.map(queueOf))).toEqual(new Set(queueNames));
  expect(queueNames.flatMap(typesOfQueue).sort()).toEqual([...jobTypes].sort());
});

test('a payload of ids passes as it is', () => {
  const payload = { rewardModelId: id, promptIds: [id, id] };
  expect(checkPayload('reward-model.score', payload)).toBe(payload);
});

test.each([
  ['missing', {}, /rewardModelId must be an id, promptIds must be a list of ids/],
  ['not an id', { rewardModelId: 'x', promptIds: [] }, /rewardModelId must be an id$/],
  ['an odd one in a list', { rewardModelId: id, promptIds: [id, 7] }, /promptIds must be a list of ids$/],
  ['unknown field', { rewardModelId: id, promptIds: [], text: 'data' }, /text is not a field/],
  ['no object', null, /rewardModelId/],
])('a payload is refused: %s', (_, payload, message) => {
  expect(() => checkPayload('reward-model.score', payload)).toThrow(message);
  expect(() => checkPayload('reward-model.score', payload)).toThrow(InvalidPayloadError);
});

test('names inherited by every object are no job types', () => {
  expect(isJobType('toString')).toBe(false);
  expect(isJobType('comparison.run')).toBe(true);
});
