import { expect, test } from 'vitest';
import { type ConfigError, readConfig } from './config.js';

test('defaults need no environment', () => {
  const config = readConfig({});
  expect(config.port).toBe(3000);
  expect(config.databaseUrl).toBeUndefined();
  expect(Object.isFrozen(config)).toBe(true);
});

test('tells every mistake at once, a line each', () => {
  const env = { PORT: 'abc', LOG_LEVEL: 'loud', REDIS_URL: 'http://x', PLUMBLINE_ADMIN_KEY: 'short' };
  let mistakes: readonly string[] = [];
  try {
    readConfig(env);
  } catch (error) {
    mistakes = (error as ConfigError).mistakes;
  }
  expect(mistakes).toHaveLength(4);
  expect(mistakes).toContain("PORT must be an integer from 0 to 65535, got 'abc'");
});

test('never repeats a connection string, it may hold a password', () => {
  expect(() => readConfig({ DATABASE_URL: 'mysql://u:secret@h/d' })).toThrow(/^((?!secret).)*$/);
});

test('keys of endpoints belong to an origin, and are never repeated', () => {
  const { endpointKeys, allowPrivateEndpoints } = readConfig({
    ENDPOINT_KEY_OPENAI: 'https://api.openai.com/v1 sk-1',
    ALLOW_PRIVATE_ENDPOINTS: 'true',
  });
  expect(endpointKeys).toEqual({ ENDPOINT_KEY_OPENAI: { origin: 'https://api.openai.com', secret: 'sk-1' } });
  expect(allowPrivateEndpoints).toBe(true);
  expect(readConfig({}).allowPrivateEndpoints).toBe(false);
  expect(() => readConfig({ ENDPOINT_KEY_X: 'secret' })).toThrow(/^ENDPOINT_KEY_X must be the origin((?!secret).)*$/);
  expect(() => readConfig({ ALLOW_PRIVATE_ENDPOINTS: 'yes' })).toThrow(/ALLOW_PRIVATE_ENDPOINTS must be one of/);
});

test('the execution provider is one of three', () => {
  expect(readConfig({}).executionProvider).toBe('cpu');
  expect(readConfig({ EXECUTION_PROVIDER: 'cuda' }).executionProvider).toBe('cuda');
  expect(() => readConfig({ EXECUTION_PROVIDER: 'gpu' })).toThrow("EXECUTION_PROVIDER must be one of cpu, cuda, webgpu, got 'gpu'");
});
