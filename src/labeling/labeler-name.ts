import type { AuthContext } from '#src/auth/auth.js';
import { notFound, ProblemException } from '#src/common/problem.js';
import { validationProblem } from '#src/common/validation.js';

/** A labeler of the caller's vendor, by one of its two names. */
export type LabelerName = { id: string } | { externalId: string };

/**
 * In a labeler's session it is that labeler, who need not be named.
 *
 * @throws ProblemException 422 where both names are given, or none; 403 `session_of_other_labeler`
 */
export function labelerName(auth: AuthContext, dto: { labelerId?: string | null; labelerExternalId?: string | null }): LabelerName {
  const id = dto.labelerId ?? undefined;
  const externalId = dto.labelerExternalId ?? undefined;
  if (auth.labelerId) {
    if ((id !== undefined && id !== auth.labelerId) || externalId !== undefined) throw otherLabeler();
    return { id: auth.labelerId };
  }
  if ((id === undefined) === (externalId === undefined)) {
    const message = 'give labelerId or labelerExternalId, exactly one of them';
    throw validationProblem([{ pointer: '/labelerId', rule: 'oneOf', message }]);
  }
  return id !== undefined ? { id } : { externalId: externalId! };
}

/** A session may be for one batch alone; others are not there for it. */
export function refuseOtherBatch(auth: AuthContext, batchId: string): void {
  if (auth.labelingBatchId && auth.labelingBatchId !== batchId) throw notFound('labeling_batch', batchId);
}

function otherLabeler(): ProblemException {
  return new ProblemException({
    status: 403,
    code: 'session_of_other_labeler',
    title: 'The session may not do this',
    detail: 'this session is bound to one labeler: leave labelerId and labelerExternalId out',
  });
}
