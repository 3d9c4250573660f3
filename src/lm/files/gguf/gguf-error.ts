/** A GGUF file that cannot be used; the message names the field or tensor. */
export class GgufError extends Error {
  override name = 'GgufError';
}
