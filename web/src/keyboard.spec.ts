import { expect, test } from 'vitest';
import { commandOf, type Key } from './keyboard.js';

const press = (key: string, more: Partial<Key> = {}) => commandOf({ key, ctrlKey: false, metaKey: false, altKey: false, inText: false, ...more });

test('digits choose options, zero the tenth', () => {
  expect(press('1')).toEqual({ type: 'choose', option: 0 });
  expect(press('9')).toEqual({ type: 'choose', option: 8 });
  expect(press('0')).toEqual({ type: 'choose', option: 9 });
});

test('keys belong to the text while somebody writes, except for sending', () => {
  expect(press('s', { inText: true })).toBeUndefined();
  expect(press('Enter', { inText: true })).toBeUndefined();
  expect(press('Enter', { inText: true, ctrlKey: true })).toEqual({ type: 'submit' });
});

test("the browser's own shortcuts are left alone", () => {
  expect(press('u', { ctrlKey: true })).toBeUndefined();
  expect(press('1', { altKey: true })).toBeUndefined();
  expect(press('s', { metaKey: true })).toBeUndefined();
});
