import { validationProblem } from '#src/common/validation.js';

/** A labeler of the caller's vendor, by one of its two names. */
export type LabelerName = { id: string } | { externalId: string };

/** @throws ProblemException 422 where both names are given, or none */
export function labelerName(dto: { labelerId?: string | null; labelerExternalId?: string | null }): LabelerName {
  const id = dto.labelerId ?? undefined;
  const externalId = dto.labelerExternalId ?? undefined;
  if ((id === undefined) === (externalId === undefined)) {
    const message = 'give labelerId or labelerExternalId, exactly one of them';
    throw validationProblem([{ pointer: '/labelerId', rule: 'oneOf', message }]);
  }
  return id !== undefined ? { id } : { externalId: externalId! };
}
