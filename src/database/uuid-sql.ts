/**
 * SQL: a new UUIDv7, for statements that make many rows without passing their ids through Node. Postgres has
 * `uuidv7()` from 18 on only: this puts the milliseconds before the random bits of a v4 and corrects its version.
 */
export const newUuid = `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
  substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid`;
