/** An error that the inputs are to blame for: trying again gives the same. A job fails at once with its `code`. */
export abstract class DeterministicError extends Error {
  abstract readonly code: string;
}
