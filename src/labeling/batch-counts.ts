import type { LabelingCountsDto, VendorLabelingCountsDto } from './labeling-batches.dto.js';
import type { TaskCount } from './labeling-batches.repository.js';
import type { TaskState } from './task-state.js';

type Counts = Pick<LabelingCountsDto, 'leased' | 'completed' | 'skipped' | 'expired'>;

/** @param viewer a vendor, which sees its own part and what is available; null sees all */
export function batchCounts(
  rows: readonly TaskCount[],
  viewer: string | null,
): { counts: LabelingCountsDto; countsByVendor: VendorLabelingCountsDto[] } {
  const available = sum(rows, 'available');
  const worked = rows.filter((row) => row.state !== 'available' && row.state !== 'closed');
  const vendors = viewer === null ? [...new Set(worked.map((row) => row.vendorId))] : [viewer];
  const own = viewer === null ? worked : worked.filter((row) => row.vendorId === viewer);
  return {
    counts: { available, ...countsOf(own) },
    countsByVendor: vendors.map((vendorId) => ({ vendorId, ...countsOf(worked.filter((row) => row.vendorId === vendorId)) })),
  };
}

function countsOf(rows: readonly TaskCount[]): Counts {
  return { leased: sum(rows, 'leased'), completed: sum(rows, 'completed'), skipped: sum(rows, 'skipped'), expired: sum(rows, 'expired') };
}

function sum(rows: readonly TaskCount[], state: TaskState): number {
  return rows.reduce((total, row) => total + (row.state === state ? row.count : 0), 0);
}
