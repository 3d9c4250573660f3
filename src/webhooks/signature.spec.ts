import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { verifyWebhook } from '../../test/support/webhook-verifier.js';
import { newWebhookSecret, signature, signedHeaders } from './signature.js';

test('the reference vector of Standard Webhooks', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  expect(signature(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

test('a verifier accepts what we sign, with either secret, and nothing else', async () => {
  const [now, secrets, body] = [new Date(), [newWebhookSecret(), newWebhookSecret()], '{"type":"a.b","data":{"é":1}}'];
  const headers = signedHeaders(secrets, 'msg_1', now, body);
  for (const secret of secrets) expect(await verifyWebhook(secret, body, headers)).toEqual(JSON.parse(body));
  const refused = (secret: string, changed: object, text = body) =>
    expect(verifyWebhook(secret, text, { ...headers, ...changed })).rejects.toThrow();
  await refused(newWebhookSecret(), {});
  await refused(secrets[0], {}, `${body} `);
  await refused(secrets[0], { 'webhook-id': 'msg_2' });
  await refused(secrets[0], { 'webhook-timestamp': String(Math.floor(now.getTime() / 1000) + 1) });
});

test('the library of Standard Webhooks takes what we sign, with either secret, and signs the same', () => {
  const [now, secrets, body] = [new Date(), [newWebhookSecret(), newWebhookSecret()], '{"type":"a.b","data":{"é":"猫"}}'];
  const headers = signedHeaders(secrets, 'msg_1', now, body);
  for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  expect(secrets.map((secret) => new Webhook(secret).sign('msg_1', now, body)).join(' ')).toBe(headers['webhook-signature']);
  const refused = (verifier: Webhook, text: string, given: Record<string, string>) => expect(() => verifier.verify(text, given)).toThrow(/signature|timestamp/i);
  refused(new Webhook(newWebhookSecret()), body, headers);
  refused(new Webhook(secrets[0]), `${body} `, headers);
  refused(new Webhook(secrets[0]), body, { ...headers, 'webhook-id': 'msg_2' });
  refused(new Webhook(secrets[0]), body, signedHeaders(secrets, 'msg_1', new Date(now.getTime() - 600_000), body));
});

test('a secret has 32 bytes and its own', () => {
  const [one, two] = [newWebhookSecret(), newWebhookSecret()];
  expect(Buffer.from(one.replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
  expect(one).not.toBe(two);
});
