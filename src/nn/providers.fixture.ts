import { checkProvider } from './providers.js';
import { providers, type Provider } from './session.js';

/** GPUs multiply in TF32 (10 bits of mantissa) or sum in another order: how many times a tolerance of the CPU holds. */
export const slack: Readonly<Record<Provider, number>> = { cpu: 1, cuda: 2000, webgpu: 100 };

/** The providers that start here; of the others it is said loudly that `what` was not tried on them. */
export async function providersHere(what: string): Promise<Provider[]> {
  const here: Provider[] = [];
  for (const provider of providers) {
    const reason = await checkProvider(provider).then(() => undefined, (error: Error) => error.message);
    if (reason === undefined) here.push(provider);
    else console.warn(`skipped: ${what} on ${provider}, which does not start here: ${reason}`);
  }
  return here;
}
