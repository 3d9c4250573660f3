import { expect, test } from 'vitest';
import { AddressRefusedError, checkAddress, guardedLookup, mayConnect } from './network-address.js';

test.each([
  '127.0.0.1', '127.8.9.1', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '::1', 'fd12::1',
  '::ffff:10.0.0.1', '::ffff:7f00:1', '64:ff9b::a00:1', '2002:a00:1::', 'fec0::1', 'feff::1', 'fc00::1', '198.18.0.1', '198.19.255.255', '100.127.255.255', '64:ff9b:1::1',
])('%s is private', (address) => {
  expect(mayConnect(address, false)).toBe(false);
  expect(mayConnect(address, true)).toBe(true);
});

test.each(['169.254.169.254', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::', 'fe80::1', 'ff02::1', 'fd00:ec2::254', '::ffff:169.254.169.254', 'x',
  '::127.0.0.1', '::7f00:1', '::2', '::169.254.169.254', '2001:0:4136:e378:8000:63bf:3fff:fdd2', '2001::1', '2001:10::1', '168.63.129.16', '::ffff:168.63.129.16',
  '64:ff9b::169.254.169.254', '64:ff9b::168.63.129.16', '2002:a9fe:a9fe::1', '2002:a83f:8110::1', '192.0.0.170', '240.0.0.1', '2001:db8::1', '100::1', '192.88.99.1', 'ff02::1'])(
  '%s is nobody\'s server',
  (address) => {
    expect(mayConnect(address, false)).toBe(false);
    expect(mayConnect(address, true)).toBe(false);
  },
);

test.each(['1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.255.255', '2606:4700:4700::1111', '::ffff:1.1.1.1', '2001:4860:4860::8888', '168.63.129.15'])('%s is public', (address) => {
  expect(mayConnect(address, false)).toBe(true);
});

test.each(['http://127.0.0.1/v1', 'http://0x7f.1/', 'http://2130706433/', 'http://[::1]:80/', 'http://localhost:11434/v1'])(
  '%s is refused by what it resolves to',
  async (url) => {
    await expect(checkAddress(new URL(url), false)).rejects.toThrow(AddressRefusedError);
    await expect(checkAddress(new URL(url), true)).resolves.toBeUndefined();
  },
);

test('the lookup answers in the form a socket asks for', async () => {
  const one = await new Promise((resolve) => guardedLookup(true)('localhost', {}, (...answer) => resolve(answer)));
  expect(one).toEqual([null, expect.stringMatching(/^(127\.|::1)/), expect.any(Number)]);
  const all = await new Promise((resolve) => guardedLookup(true)('localhost', { all: true }, (...answer) => resolve(answer)));
  expect(all).toEqual([null, expect.arrayContaining([expect.objectContaining({ address: expect.stringMatching(/^(127\.|::1)/) })])]);
});
