import { expect, test } from 'vitest';
import { outage } from './outage.js';

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });

test.each([
  coded('ECONNREFUSED'), coded('57P01'), coded('57P03'), coded('08006'), coded('53300'), new Error('timeout exceeded when trying to connect'),
  new Error('Connection terminated unexpectedly'), Object.assign(new Error('query failed'), { driverError: coded('57P02') }),
])('%s: Postgres is away', (error) => {
  expect(outage(error)).toMatchObject({ status: 503, code: 'database_unavailable', headers: { 'retry-after': '5' } });
});

test.each([coded('ENOSPC'), coded('EDQUOT'), Object.assign(new Error('query failed'), { driverError: coded('53100') })])('%s: no room', (error) => {
  expect(outage(error)).toMatchObject({ status: 507, code: 'storage_full' });
});

test.each([coded('23505'), coded('42P01'), coded('ENOENT'), new Error('broken'), null, undefined, 'text'])('%s: neither', (error) => {
  expect(outage(error)).toBeUndefined();
});
