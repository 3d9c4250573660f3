/** Lets the event loop turn between chunks, so that leases are renewed while large states and models are written. */
export async function* inTurn(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}
