import { afterEach, expect } from 'vitest';
import { takeConformanceFailures } from './conformance.js';

afterEach(() => {
  expect(takeConformanceFailures(), 'answers that openapi.json does not declare').toEqual([]);
});
