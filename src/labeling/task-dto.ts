import type { TaskDto } from './tasks.dto.js';
import type { TaskRow } from './tasks.repository.js';

/** Field by field, so that what a labeler may not know does not slip into an answer. */
export function taskDto(row: TaskRow): TaskDto {
  const { id, batchId, mode, state, labelerId, leasedAt, leaseExpiresAt, finishedAt, reason, prompt, completions } = row;
  return { id, batchId, mode, state, labelerId, leasedAt, leaseExpiresAt, finishedAt, reason, prompt, completions };
}
