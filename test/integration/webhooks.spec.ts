// Webhooks over real HTTP to a receiver on loopback: who hears what, how it is signed, and what becomes of failures.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { DataSource } from 'typeorm';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import type { DomainEvent } from '#src/events/event-types.js';
import { EventsModule } from '#src/events/events.module.js';
import { EventsService } from '#src/events/events.service.js';
import { WebhookPoller } from '#src/webhooks/webhook-poller.js';
import { DeliveryQueueRepository } from '#src/webhooks/delivery-queue.repository.js';
import { WebhookDelivery } from '#src/webhooks/webhook-delivery.entity.js';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { transpile } from '../support/transpile.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { verifyWebhook } from '../support/webhook-verifier.js';
import { startSender } from './webhooks-fixture.js';

const env = { ALLOW_PRIVATE_WEBHOOKS: 'true', SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'), JOB_LEASE_SECONDS: '1', WEBHOOK_TIMEOUT_SECONDS: '1' };
let t: TestApp;
let receiver: WebhookReceiver;
let sender: INestApplicationContext | undefined;

beforeAll(async () => {
  t = await createTestApp(env);
  receiver = await WebhookReceiver.start();
});
beforeEach(async () => {
  await sender?.close();
  sender = undefined;
  await sql('DELETE FROM webhook_endpoints');
  receiver.received.length = 0;
  receiver.answer = () => [204, ''];
});
afterAll(async () => {
  await sender?.close();
  await receiver?.close();
  await t?.close();
});

type Key = { Authorization: string };
interface Endpoint {
  id: string;
  secret: string;
}
const sql = (text: string, values: unknown[] = []) => withSql(t, async (client) => (await client.query(text, values)).rows);
const send = async () => (sender = await startSender({ ...env, DATABASE_URL: t.database.url }));
const post = (path: string, key: Key = t.admin, body: object = {}) => request(t.http).post(`/v1/webhook-endpoints${path}`).set(key).send(body);
const patch = (id: string, body: object) => request(t.http).patch(`/v1/webhook-endpoints/${id}`).set(t.admin).send(body);
const given = async (key: Key = t.admin, body: object = {}): Promise<Endpoint> =>
  (await post('', key, { url: receiver.url(), ...body }).expect(201)).body;
const deliveries = async (id: string) =>
  (await request(t.http).get(`/v1/webhook-endpoints/${id}/deliveries`).set(t.admin).expect(200)).body.data;
const emit = (event: DomainEvent) => t.get(Database).transaction((tx) => t.app.select(EventsModule).get(EventsService).emit(tx, event));
const closed = (...vendorIds: string[]): DomainEvent => ({ type: 'labeling_batch.closed', data: { labelingBatchId: newId() }, vendorIds });
const until = <T>(work: () => T | Promise<T>) => vi.waitFor(work, { timeout: 15_000, interval: 50 });
/** As if the wait before the next attempt were over. */
const hurry = () => sql(`UPDATE webhook_deliveries SET next_attempt_at = now() WHERE state = 'pending'`);
const verify = (secret: string, { body, headers }: { body: string; headers: object }) => verifyWebhook(secret, body, { ...headers });

test('an event reaches its endpoint signed, once, with a log of how it went', async () => {
  receiver.answer = () => [200, 'thanks'];
  const endpoint = await given(t.admin, { eventTypes: ['labeling_batch.closed'], description: 'mine' });
  const event = closed();
  await emit(event);
  await emit({ type: 'loop.stopped', data: { loopId: newId(), iteration: 3 }, vendorIds: [] });
  await send();
  await until(() => expect(receiver.received).toHaveLength(1));
  const [received] = receiver.received;
  expect(await verify(endpoint.secret, received)).toEqual({ type: event.type, timestamp: expect.any(String), data: event.data });
  await until(async () => expect((await deliveries(endpoint.id))[0].state).toBe('delivered'));
  expect(await deliveries(endpoint.id)).toMatchObject([
    {
      messageId: received.headers['webhook-id'],
      eventType: event.type,
      nextAttemptAt: null,
      attempts: [{ attempt: 1, status: 200, error: null, response: 'thanks', latencyMs: expect.any(Number) }],
    },
  ]);
  const page = await request(t.http).get(`/v1/webhook-endpoints/${endpoint.id}/deliveries?state=pending`).set(t.admin).expect(200);
  expect(page.body.data).toEqual([]);
});

test('vendors hear of themselves only, the owner of everything', async () => {
  const [one, two] = [await t.givenVendor(), await t.givenVendor()];
  await given(t.admin, { url: receiver.url('/owner') });
  await given(await t.vendorKey(one), { url: receiver.url('/one') });
  await given(await t.vendorKey(two), { url: receiver.url('/two') });
  for (const event of [closed(), closed(one), closed(two, one)]) await emit(event);
  await send();
  await until(() => expect(receiver.received).toHaveLength(6));
  expect(['/owner', '/one', '/two'].map((path) => receiver.of(path).length)).toEqual([3, 2, 1]);
  expect(JSON.stringify(receiver.of('/two'))).not.toContain(one);
});

test('a vendor sees its own endpoints and deliveries and no others', async () => {
  const [mine, other] = [await t.vendorKey(await t.givenVendor()), await t.vendorKey(await t.givenVendor())];
  const endpoint = await given(mine);
  const delivery = (await post(`/${endpoint.id}/ping`, mine).expect(202)).body;
  const get = (path: string, key: Key) => request(t.http).get(`/v1/webhook-endpoints${path}`).set(key);
  expect((await get('', other).expect(200)).body.data).toEqual([]);
  for (const path of ['', '/deliveries', `/deliveries/${delivery.id}`]) {
    await get(`/${endpoint.id}${path}`, mine).expect(200);
    await get(`/${endpoint.id}${path}`, other).expect(404);
  }
  for (const path of ['/ping', '/rotate-secret', `/deliveries/${delivery.id}/redeliver`]) await post(`/${endpoint.id}${path}`, other).expect(404);
  await request(t.http).delete(`/v1/webhook-endpoints/${endpoint.id}`).set(other).expect(404);
  // A delivery is looked for at its endpoint.
  await get(`/${(await given(other)).id}/deliveries/${delivery.id}`, other).expect(404);
});

test('failures are tried again under the same id, and the log shows each attempt', async () => {
  const answers: ([number, string] | undefined)[] = [[500, 'broken'], undefined, [302, ''], [200, 'ok']];
  receiver.answer = () => answers.shift();
  const endpoint = await given();
  await emit(closed());
  await send();
  for (let attempts = 1; attempts <= 3; attempts++) {
    await until(async () => expect((await deliveries(endpoint.id))[0].attempts).toHaveLength(attempts));
    const [{ state, nextAttemptAt }] = await deliveries(endpoint.id);
    expect(state).toBe('pending');
    if (attempts === 1) expect(new Date(nextAttemptAt).getTime() - Date.now()).toBeLessThan(5_250);
    if (attempts === 2) expect(new Date(nextAttemptAt).getTime() - Date.now()).toBeGreaterThan(280_000);
    await hurry();
  }
  await until(async () => expect((await deliveries(endpoint.id))[0].state).toBe('delivered'));
  const [{ attempts }] = await deliveries(endpoint.id);
  expect(attempts.map((one: { status: number; error: string }) => one.status ?? one.error)).toEqual([500, 'timeout', 302, 200]);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(receiver.of('/elsewhere')).toEqual([]);
  for (const received of receiver.received) await verify(endpoint.secret, received);
});

test('a sender that is killed after sending is followed by another one, with the same id', async () => {
  const compiled = transpile(['src/auth', 'src/common', 'src/config', 'src/database', 'src/events', 'src/webhooks', 'migrations', 'test/integration']);
  try {
    await given();
    await emit(closed());
    const child = spawn(process.execPath, [join(compiled, 'test/integration/webhooks-child.js')], {
      env: { ...process.env, ...env, DATABASE_URL: t.database.url, LOG_LEVEL: 'silent' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    // It has sent and waits for the answer: killed here, it can write nothing down.
    receiver.answer = () => (child.kill('SIGKILL'), undefined);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 40_000 });
    await new Promise((resolve) => (child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(0)));
    expect(await sql('SELECT state FROM webhook_deliveries')).toEqual([{ state: 'pending' }]);
    receiver.answer = () => [200, ''];
    await send();
    await until(async () => expect(await sql('SELECT state FROM webhook_deliveries')).toEqual([{ state: 'delivered' }]));
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
  } finally {
    rmSync(compiled, { recursive: true, force: true });
  }
});

test('while secrets change, deliveries carry both signatures; afterwards the new one', async () => {
  const endpoint = await given();
  const { secret } = (await post(`/${endpoint.id}/rotate-secret`).expect(201)).body as Endpoint;
  const ping = async () => {
    const before = receiver.received.length;
    await post(`/${endpoint.id}/ping`).expect(202);
    await until(() => expect(receiver.received).toHaveLength(before + 1));
    return receiver.received.at(-1)!;
  };
  await send();
  const both = await ping();
  for (const valid of [endpoint.secret, secret]) {
    expect(await verify(valid, both)).toMatchObject({ type: 'webhook_endpoint.ping', data: { webhookEndpointId: endpoint.id } });
  }
  await sql(`UPDATE webhook_secrets SET expires_at = now() WHERE expires_at IS NOT NULL`);
  const after = await ping();
  await verify(secret, after);
  await expect(verify(endpoint.secret, after)).rejects.toThrow();
  const stored = JSON.stringify(await sql('SELECT * FROM webhook_secrets'));
  const answers = JSON.stringify([(await request(t.http).get('/v1/webhook-endpoints').set(t.admin)).body, await deliveries(endpoint.id), await sql('SELECT * FROM audit_log')]);
  for (const one of [endpoint.secret, secret]) expect(stored + answers).not.toContain(one.slice(6));
});

test('long failing switches an endpoint off, which is told and written down; it can be switched on again', async () => {
  receiver.answer = ({ path }) => (path === '/bad' ? [500, ''] : [200, '']);
  const vendorId = await t.givenVendor();
  const bad = await given(await t.vendorKey(vendorId), { url: receiver.url('/bad') });
  await given(t.admin, { url: receiver.url('/owner'), eventTypes: ['webhook_endpoint.disabled'] });
  await emit(closed(vendorId));
  await send();
  await until(async () => expect((await deliveries(bad.id))[0].attempts).toHaveLength(1));
  await sql(`UPDATE webhook_endpoints SET failing_since = now() - interval '61 hours' WHERE id = $1`, [bad.id]);
  await hurry();
  await until(() => expect(receiver.of('/owner')).toHaveLength(1));
  const { body } = await request(t.http).get(`/v1/webhook-endpoints/${bad.id}`).set(t.admin).expect(200);
  expect(body).toMatchObject({ disabledAt: expect.any(String), disabledReason: 'failing' });
  expect((await post(`/${bad.id}/ping`).expect(409)).body.code).toBe('webhook_endpoint_disabled');
  const acts = await request(t.http).get(`/v1/audit-log?resource=webhook_endpoint:${bad.id}&action=webhook_endpoint.disabled`).set(t.admin);
  expect(acts.body.data).toMatchObject([{ actor: { type: 'system' }, detail: { reason: 'failing', vendorId } }]);

  // What happens meanwhile is not told; what waited goes on.
  await hurry();
  await emit(closed(vendorId));
  await until(async () => expect(await sql('SELECT count(*)::int AS n FROM undelivered_events')).toEqual([{ n: 0 }]));
  receiver.answer = () => [200, ''];
  const before = receiver.of('/bad').length;
  expect((await patch(bad.id, { enabled: true }).expect(200)).body).toMatchObject({ disabledAt: null, failingSince: null });
  await until(() => expect(receiver.of('/bad')).toHaveLength(before + 1));
  await until(async () => expect(await deliveries(bad.id)).toMatchObject([{ state: 'delivered' }]));
});

test('410 is a goodbye', async () => {
  receiver.answer = () => [410, 'gone'];
  const endpoint = await given();
  await emit(closed());
  await send();
  await until(async () => expect(await deliveries(endpoint.id)).toMatchObject([{ state: 'failed', nextAttemptAt: null }]));
  expect((await request(t.http).get(`/v1/webhook-endpoints/${endpoint.id}`).set(t.admin)).body.disabledReason).toBe('gone');
});

test('a redelivery sends the same message again', async () => {
  const endpoint = await given();
  await emit(closed());
  await send();
  await until(async () => expect((await deliveries(endpoint.id))[0]?.state).toBe('delivered'));
  const [{ id, messageId }] = await deliveries(endpoint.id);
  expect((await post(`/${endpoint.id}/deliveries/${id}/redeliver`).expect(202)).body).toMatchObject({ id, state: 'pending' });
  await until(() => expect(receiver.received).toHaveLength(2));
  expect(receiver.received.map(({ headers, body }) => [headers['webhook-id'], body])).toEqual(
    Array(2).fill([messageId, receiver.received[0].body]),
  );
  await post(`/${endpoint.id}/deliveries/${newId()}/redeliver`).expect(404);
});

test('one slow receiver does not hold up the others', async () => {
  receiver.answer = ({ path }) => (path === '/slow' ? undefined : [200, '']);
  await given(t.admin, { url: receiver.url('/slow') });
  await given(t.admin, { url: receiver.url('/quick') });
  for (let i = 0; i < 20; i++) await emit(closed());
  await send();
  await until(() => expect(receiver.of('/quick')).toHaveLength(20));
  expect(receiver.of('/slow').length).toBeLessThan(20);
});

test('several senders together send each message once', async () => {
  await given();
  for (let i = 0; i < 40; i++) await emit(closed());
  const others = await Promise.all([1, 2].map(() => startSender({ ...env, DATABASE_URL: t.database.url })));
  await send();
  await until(async () => expect(await sql(`SELECT count(*)::int AS n FROM webhook_deliveries WHERE state = 'delivered'`)).toEqual([{ n: 40 }]));
  await Promise.all(others.map((other) => other.close()));
  expect(receiver.received).toHaveLength(40);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(40);
});

test('private addresses and plain http are refused unless allowed; bad bodies name the field', async () => {
  const strict = await createTestApp();
  try {
    const create = (body: object) => request(strict.http).post('/v1/webhook-endpoints').set(strict.admin).send(body).expect(422);
    expect((await create({ url: 'http://hooks.example/x' })).body).toMatchObject({ code: 'webhook_url_insecure', errors: [{ pointer: '/url', rule: 'https' }] });
    for (const url of ['https://127.0.0.1/x', 'https://[::1]/x', 'https://localhost/x', 'https://169.254.169.254/latest']) {
      expect((await create({ url })).body).toMatchObject({ code: 'webhook_address_private', errors: [{ pointer: '/url', value: url }] });
    }
    for (const [body, pointer] of [[{ url: 'ftp://x/y' }, '/url'], [{ url: 'https://u:p@x.example/' }, '/url'], [{ url: 'https://x.example/', eventTypes: ['a.b'] }, '/eventTypes']] as const) {
      expect((await create(body)).body).toMatchObject({ code: 'validation_failed', errors: [{ pointer }] });
    }
  } finally {
    await strict.close();
  }
});

test('an endpoint that became private is not reached, and the log says no more than that', async () => {
  const endpoint = await given();
  await emit(closed());
  sender = await startSender({ ...env, DATABASE_URL: t.database.url, ALLOW_PRIVATE_WEBHOOKS: 'false' });
  await until(async () => expect((await deliveries(endpoint.id))[0]?.attempts).toMatchObject([{ status: null, error: 'address_refused', response: null }]));
  expect(receiver.received).toEqual([]);
});

test('changes leave their mark in the audit log, of the address only where it goes', async () => {
  const endpoint = await given(t.admin, { url: receiver.url('/hook?token=very-secret') });
  await patch(endpoint.id, { eventTypes: ['job.failed'] }).expect(200);
  await patch(endpoint.id, { enabled: false }).expect(200);
  await patch(endpoint.id, { enabled: true }).expect(200);
  await post(`/${endpoint.id}/rotate-secret`, t.admin, { overlapSeconds: 0 }).expect(201);
  await request(t.http).delete(`/v1/webhook-endpoints/${endpoint.id}`).set(t.admin).expect(204);
  const { body } = await request(t.http).get(`/v1/audit-log?resource=webhook_endpoint:${endpoint.id}`).set(t.admin).expect(200);
  expect(body.data.map(({ action }: { action: string }) => action.split('.')[1])).toEqual(['deleted', 'secret_rotated', 'enabled', 'disabled', 'updated', 'created']);
  expect(JSON.stringify(body)).not.toContain('very-secret');
});

test('a suspended vendor is told nothing, and old deliveries are dropped from the log', async () => {
  const vendorId = await t.givenVendor();
  const endpoint = await given(await t.vendorKey(vendorId));
  await post(`/${endpoint.id}/ping`).expect(202);
  const suspend = (suspended: boolean) => request(t.http).patch(`/v1/vendors/${vendorId}`).set(t.admin).send({ suspended }).expect(200);
  await suspend(true);
  await emit(closed(vendorId));
  const running = await send();
  await until(async () => expect(await sql('SELECT count(*)::int AS n FROM undelivered_events')).toEqual([{ n: 0 }]));
  expect([receiver.received.length, (await deliveries(endpoint.id)).length]).toEqual([0, 1]);
  await suspend(false);
  await until(async () => expect(await deliveries(endpoint.id)).toMatchObject([{ state: 'delivered' }]));
  await running.get(DeliveryQueueRepository).forget(30);
  expect(await deliveries(endpoint.id)).toHaveLength(1);
  await sql(`UPDATE webhook_deliveries SET finished_at = now() - interval '31 days'`);
  await running.get(DeliveryQueueRepository).forget(30);
  expect(await deliveries(endpoint.id)).toEqual([]);
});

test('old events are dropped once every consumer has passed them, and in no other way', async () => {
  const endpoint = await given();
  const eventOf = async (days: number) => {
    const id = newId();
    await sql(
      `INSERT INTO domain_events (id, type, data, created_at) VALUES ($1, 'labeling_batch.closed', '{}', now() - make_interval(days => $2))`,
      [id, days],
    );
    return id;
  };
  const [passed, passedToo, waiting, logged, young] = [await eventOf(91), await eventOf(400), await eventOf(91), await eventOf(91), await eventOf(89)];
  await sql('INSERT INTO undelivered_events (event_id) VALUES ($1)', [waiting]);
  await sql(`INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, body, state) VALUES ($1, $2, $3, 'labeling_batch.closed', '', 'delivered')`, [newId(), endpoint.id, logged]);
  const source = t.app.get(DataSource);
  const queue = new DeliveryQueueRepository(source.getRepository(WebhookDelivery));
  const forget = (limit: number) => source.transaction((tx) => queue.forgetEvents(tx, 90, limit));
  const left = async () => (await sql('SELECT id FROM domain_events WHERE id = ANY($1) ORDER BY id', [[passed, passedToo, waiting, logged, young]])).map(({ id }) => id as string);
  expect([await forget(1), await left()]).toEqual([1, [passedToo, waiting, logged, young]]);
  expect([await forget(10), await left()]).toEqual([1, [waiting, logged, young]]);
  expect(await forget(10)).toBe(0);
  // The next transaction of the same connection has no such leave.
  await expect(source.query('DELETE FROM domain_events WHERE id = $1', [young])).rejects.toThrow('append-only');
  await sql('DELETE FROM undelivered_events WHERE event_id = $1', [waiting]);
  await sql('DELETE FROM webhook_deliveries WHERE event_id = $1', [logged]);
  expect([await forget(10), await left()]).toEqual([2, [young]]);
});

test('there is an end to the number of endpoints', async () => {
  const key = await t.vendorKey(await t.givenVendor());
  for (let i = 0; i < 20; i++) await given(key);
  expect((await post('', key, { url: receiver.url() }).expect(409)).body.code).toBe('too_many_webhook_endpoints');
});

test('a sender without SECRETS_KEY leaves encrypted secrets to others, and where there are none says what is lacking', async () => {
  const endpoint = await given();
  await emit(closed());
  sender = await startSender({ ...env, SECRETS_KEY: undefined, DATABASE_URL: t.database.url });
  await until(async () => expect(await deliveries(endpoint.id)).toHaveLength(1));
  await sql(`UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 minute'`);
  await sender.get(WebhookPoller).tellOfKeyless();
  expect(await deliveries(endpoint.id)).toMatchObject([{ state: 'pending', heldBy: 'secrets_key_missing', attempts: [] }]);
  expect(await sql('SELECT attempt, lease_owner FROM webhook_deliveries')).toEqual([{ attempt: 0, lease_owner: null }]);
  // A secret that is kept plain needs no key.
  const [{ secret }] = await sql('SELECT secret FROM webhook_secrets');
  await sql(`UPDATE webhook_secrets SET secret = 'plain:${endpoint.secret}'`);
  await until(async () => expect(await deliveries(endpoint.id)).toMatchObject([{ state: 'delivered', heldBy: null }]));
  await sql('UPDATE webhook_secrets SET secret = $1', [secret]);
  await sender.close();
  // One with the key has all its attempts.
  receiver.answer = () => [500, ''];
  await emit(closed());
  await send();
  await until(async () => expect((await deliveries(endpoint.id))[0]).toMatchObject({ state: 'pending', heldBy: null, attempts: [{ attempt: 1, status: 500 }] }));
});

test('a secret that does not open counts no attempt, and the delivery waits and says why', async () => {
  const endpoint = await given();
  await emit(closed());
  sender = await startSender({ ...env, SECRETS_KEY: Buffer.alloc(32, 8).toString('base64'), DATABASE_URL: t.database.url });
  for (let n = 0; n < 3; n++) {
    await until(async () => expect(await deliveries(endpoint.id)).toMatchObject([{ state: 'pending', heldBy: 'secret_unreadable', attempts: [] }]));
    await sql(`UPDATE webhook_deliveries SET next_attempt_at = now(), held_by = NULL`);
  }
  await until(async () => expect(await sql('SELECT attempt, lease_owner FROM webhook_deliveries')).toEqual([{ attempt: 0, lease_owner: null }]));
  await sender.close();
  await hurry();
  await send();
  await until(async () => expect(await deliveries(endpoint.id)).toMatchObject([{ state: 'delivered', heldBy: null, attempts: [{ attempt: 1, status: 204 }] }]));
});
