/** Saved progress as one safetensors file: tensors as they are, everything else as JSON in the header. */
import { i64 } from '#src/nn/tensor.js';
import { SafetensorsError, safetensorsStream, type SafetensorsFile, type SafetensorsStream } from './safetensors.js';
import { type SavedProgress } from './training-progress.js';

/**
 * @param owner what the progress is of: two runs that come to the same bits still write different files
 */
export function progressFile<P extends SavedProgress>(owner: string, { state, ...facts }: P): SafetensorsStream {
  const { step: optimizerStep, ...tensors } = state;
  // JSON keeps every bit of a double.
  const text = JSON.stringify({ owner, optimizerStep: Number(optimizerStep.data[0]), facts });
  return safetensorsStream(tensors, { metadata: { facts: text } });
}

/** What `progressFile` was given, of a file that was read. @throws SafetensorsError for another file, and for another owner's */
export function progressOf<P extends SavedProgress>(owner: string, { tensors, metadata }: SafetensorsFile): P {
  const { owner: written, optimizerStep, facts } = factsOf<P>(metadata.facts);
  if (written !== owner) throw new SafetensorsError(`the progress file belongs to ${written}, not to ${owner}`);
  return { ...facts, state: { ...tensors, step: i64([optimizerStep], []) } } as unknown as P;
}

function factsOf<P>(text: string | undefined): { owner: string; optimizerStep: number; facts: Omit<P, 'state'> } {
  try {
    return JSON.parse(text ?? '') as ReturnType<typeof factsOf<P>>;
  } catch {
    throw new SafetensorsError('the file is not the progress of a training');
  }
}
