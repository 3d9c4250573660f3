import { expect, test } from 'vitest';
import { keyOfFragment } from './session.js';

test('a link carries its key in the fragment; anything else is no key', () => {
  expect(keyOfFragment('#plk_Zk3f0000000000000000000000000000')).toBe('plk_Zk3f0000000000000000000000000000');
  for (const fragment of ['', '#', '#answer-1', '#plk_short', '#plk_<script>aaaaaaaaaaaaaaaa']) expect(keyOfFragment(fragment)).toBeUndefined();
});
