import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attachment } from './content-disposition.js';

test('a plain name stays readable', () => {
  expect(attachment('model.safetensors')).toBe(`attachment; filename="model.safetensors"; filename*=UTF-8''model.safetensors`);
});

test('any name is one safe header and comes back whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      const [, ascii, encoded] = /^attachment; filename="([^"\\]*)"; filename\*=UTF-8''([\w.!~%-]*)$/.exec(attachment(name))!;
      expect(ascii).toMatch(/^[\x20-\x7e]*$/);
      expect(decodeURIComponent(encoded)).toBe(name);
    }),
  );
});
