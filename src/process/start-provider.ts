/** The execution provider of a worker, checked before it takes its first job: there is no silent fallback to the CPU. */
import { ConfigError, type ExecutionProvider } from '#src/config/config.js';
import { checkProvider, ProviderError } from '#src/nn/providers.js';
import { setDefaultProvider } from '#src/nn/session.js';

/** @throws ConfigError with one line that names the provider, the reason and where to look */
export async function startProvider(provider: ExecutionProvider): Promise<void> {
  try {
    await checkProvider(provider);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw new ConfigError([`EXECUTION_PROVIDER=${provider} does not work here: ${error.reason} (run \`npm run doctor\` for details)`]);
  }
  setDefaultProvider(provider);
}
