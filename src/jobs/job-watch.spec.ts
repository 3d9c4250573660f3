import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { JobWatch } from './job-signals.js';

test('waiting again and again leaves no listener behind, however each wait ends', async () => {
  const closing = new AbortController();
  const watch = new JobWatch(() => undefined);
  for (let n = 0; n < 15; n++) {
    const waited = watch.changed(n % 2 === 0 ? 1 : 10_000, closing.signal);
    expect(getEventListeners(closing.signal, 'abort')).toHaveLength(1);
    if (n % 2 === 1) watch.wake();
    await waited;
  }
  expect(getEventListeners(closing.signal, 'abort')).toHaveLength(0);
  const last = watch.changed(10_000, closing.signal);
  closing.abort();
  await last;
});
