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
