import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { portTaken } from './port-owner.js';

test.skipIf(process.platform !== 'linux')('names the process that has the port, and whether it is a Plumbline', async () => {
  let body = 'hello';
  const server = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    expect(await portTaken('127.0.0.1', port)).toMatch(new RegExp(`^port ${port} of 127.0.0.1 is in use by process ${process.pid} \\(.+\\): stop it or set PORT$`));
    body = '{"info":{"title":"Plumbline"}}';
    expect(await portTaken('127.0.0.1', port)).toContain(`another Plumbline, process ${process.pid}`);
  } finally {
    server.close();
  }
});
