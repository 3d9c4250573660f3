// A process of its own, since a broken driver may end it: probe.js PROVIDER THREADS checks a provider and measures it.
// One line of JSON out.
import { checkProvider, measureProvider, ProviderError } from '#src/nn/providers.js';
import { setDefaultThreads, type Provider } from '#src/nn/session.js';

export type ProbeResult = { error: number; flops: number } | { reason: string };

const [provider, threads] = process.argv.slice(2);
setDefaultThreads(Number(threads));
console.log(JSON.stringify(await probe(provider as Provider)));

async function probe(name: Provider): Promise<ProbeResult> {
  try {
    return { error: await checkProvider(name), flops: await measureProvider(name) };
  } catch (error) {
    if (error instanceof ProviderError) return { reason: error.reason };
    throw error;
  }
}
