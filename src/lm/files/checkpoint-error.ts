/** A checkpoint that cannot be used; the message names the file, field or tensor. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}
