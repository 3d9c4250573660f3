import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchChunks } from './completion-batch.handler.js';

test('every prompt is in one chunk, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 300 }), (prompts, n, rows) => {
      const chunks = batchChunks(prompts, n, rows);
      expect(chunks.flat()).toEqual(prompts);
      for (const chunk of chunks.slice(0, -1)) expect(chunk.length * n).toBeGreaterThanOrEqual(rows);
      for (const chunk of chunks) expect(chunk.length).toBeGreaterThan(0);
    }),
  );
});
