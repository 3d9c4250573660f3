import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LatestWriter } from './latest-writer.js';

test('many values become few writes, the first at once and the last always', async () => {
  const written: number[] = [];
  const writer = new LatestWriter<number>((value) => sleep(1).then(() => void written.push(value)), 1000);
  for (let i = 0; i < 50; i++) writer.put(i);
  await writer.flush();
  expect(written).toEqual([0, 49]);
  await writer.flush();
  expect(written).toEqual([0, 49]);
});

test('never two writes at a time', async () => {
  let open = 0;
  let most = 0;
  let last = -1;
  const writer = new LatestWriter<number>(async (value) => {
    most = Math.max(most, ++open);
    await sleep(3);
    last = value;
    open--;
  }, 1);
  for (let i = 0; i < 20; i++) {
    writer.put(i);
    await sleep(1);
  }
  await writer.flush();
  expect(most).toBe(1);
  expect(last).toBe(19);
});

test('what waits is written without a flush when its time has come', async () => {
  const written: string[] = [];
  const writer = new LatestWriter<string>((value) => Promise.resolve(void written.push(value)), 20);
  writer.put('a');
  await sleep(0);
  writer.put('b');
  await sleep(60);
  expect(written).toEqual(['a', 'b']);
});

test('a flush during a write leaves no timer behind that would write again', async () => {
  const written: number[] = [];
  const writer = new LatestWriter<number>((value) => sleep(5).then(() => void written.push(value)), 20);
  writer.put(1);
  writer.put(2);
  await writer.flush();
  await sleep(60);
  expect(written).toEqual([1, 2]);
});
