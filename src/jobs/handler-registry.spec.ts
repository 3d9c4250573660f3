import { expect, test } from 'vitest';
import { HandlerError, parseQueues, resolveHandlers, type FoundHandler } from './handler-registry.js';

const found = (type: string, className = 'Some'): FoundHandler => ({
  type,
  className,
  handler: { run: () => Promise.resolve() },
});

test('one handler per job of the chosen queues; others may be there too', () => {
  const pairs = found('pair-set.build');
  const handlers = resolveHandlers(['pair-building'], [pairs, found('comparison.run')]);
  expect(handlers.get('pair-set.build')).toBe(pairs.handler);
});

test('a missing handler is named with its queue', () => {
  expect(() => resolveHandlers(['scoring'], [])).toThrow('reward-model.score of queue scoring has no handler');
});

test('a doubled handler is refused, also outside the chosen queues', () => {
  const doubled = [found('comparison.run', 'A'), found('comparison.run', 'B'), found('reward-model.score')];
  expect(() => resolveHandlers(['scoring'], doubled)).toThrow('comparison.run has 2 handlers: A, B');
});

test('a handler of an unknown job is refused', () => {
  expect(() => resolveHandlers([], [found('cake.bake', 'Baker')])).toThrow(HandlerError);
});

test('queues are checked by name and taken once', () => {
  expect(parseQueues(['scoring', 'scoring'])).toEqual(['scoring']);
  expect(() => parseQueues(['scoring', 'cakes', 'tea'])).toThrow(/unknown queue cakes, tea: the queues are generation/);
});
