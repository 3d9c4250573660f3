import { expect, test, vi } from 'vitest';
import { logContext } from '#src/common/log-context.js';
import { readConfig } from '#src/config/config.js';
import { PinoLogger } from './logger.js';

/** What a logger writes to standard output. */
function written(env: Record<string, string>, log: (logger: PinoLogger) => void): string {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((text += String(chunk)), true));
  try {
    log(new PinoLogger(readConfig(env), 'api'));
  } finally {
    write.mockRestore();
  }
  return text;
}

const failed = Object.assign(new Error('broken'), { parameters: ['text of a prompt'], stack: 'Error: broken\n    at place.ts:1' });

test('pretty lines keep stacks, fields and the ids of what they belong to', () => {
  const text = logContext.run({ requestId: 'r-1' }, () =>
    written({ LOG_FORMAT: 'pretty' }, (logger) => {
      logger.error(failed, 'Jobs');
      logger.error('broken', 'Error: as Nest gives it\n    at other.ts:2', 'Http');
      logger.log({ msg: 'request', status: 200 }, 'Access');
    }),
  );
  expect(text).toContain('[api] Jobs: broken requestId=r-1\nError: broken\n    at place.ts:1\n');
  expect(text).toContain('Http: broken requestId=r-1\nError: as Nest gives it\n    at other.ts:2\n');
  expect(text).toContain('Access: request requestId=r-1 status=200\n');
  expect(text).not.toContain('text of a prompt');
});
