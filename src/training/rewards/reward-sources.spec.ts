import { expect, test } from 'vitest';
import { distinctNames, metricName } from './reward-sources.js';

test('names for metrics', () => {
  expect(metricName('Helpfulness, v2 (final)')).toBe('Helpfulness-v2-final');
  expect(metricName('é/ü')).toBe('reward');
  expect(metricName('a'.repeat(80))).toHaveLength(64);
  expect(distinctNames(['http', 'a', 'http', 'http-2', 'http'])).toEqual(['http', 'a', 'http-2', 'http-2-2', 'http-3']);
});
