import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startProvider } from './start-provider.js';

test('the CPU starts', () => expect(startProvider('cpu')).resolves.toBeUndefined());

test.skipIf(existsSync('/dev/nvidia0'))('a provider that cannot start ends the boot with one line', async () => {
  await expect(startProvider('cuda')).rejects.toThrow(/^EXECUTION_PROVIDER=cuda does not work here: .+ \(run `npm run doctor` for details\)$/);
});
