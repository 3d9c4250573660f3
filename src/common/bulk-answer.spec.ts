import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { BulkAnswer } from './bulk-answer.js';
import { bulkResult, type BulkItemResult } from './bulk.js';

const made = (from: number, count: number): BulkItemResult[] =>
  Array.from({ length: count }, (_, i) => {
    const line = from + i;
    if (line % 3 === 0) return { line, status: 'failed', code: 'validation_failed', errors: [{ pointer: '/score', rule: 'isNumber', message: 'ö猫' }] };
    return { line, status: line % 3 === 1 ? 'created' : 'duplicate', id: `id-${line}` };
  });

test.each([0, 1, 2, 50_000])('%i results in sets come out as they would in one piece', async (count) => {
  const answer = new BulkAnswer();
  const size = 700;
  for (let at = 0; at < count; at += size) await answer.add(made(at + 1, Math.min(size, count - at)));
  await answer.add([]);
  const file = answer.finish();
  const body = await text(file.getStream());
  expect(body).toBe(JSON.stringify(bulkResult(made(1, count))));
  expect(file.getHeaders()).toMatchObject({ length: Buffer.byteLength(body), type: expect.stringContaining('application/json') });
});

const openFiles = () => readdirSync('/proc/self/fd').filter((fd) => namesOurs(`/proc/self/fd/${fd}`)).length;
function namesOurs(link: string): boolean {
  try {
    return readlinkSync(link).includes('/plumbline-');
  } catch {
    return false;
  }
}

test.skipIf(!existsSync('/proc/self/fd'))('an answer that nobody reads gives its file back', async () => {
  const before = openFiles();
  const answer = new BulkAnswer();
  for (let at = 0; at < 40_000; at += 1000) await answer.add(made(at + 1, 1000));
  expect(openFiles()).toBe(before + 1);
  const stream = answer.finish().getStream();
  stream.destroy();
  await vi.waitFor(() => expect(openFiles()).toBe(before));
});
