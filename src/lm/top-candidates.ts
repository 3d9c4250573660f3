/**
 * Indices of the k largest values, largest first; equal values keep the lower index first.
 * A heap of size k makes one pass over a large vocabulary cheap: almost no value enters it.
 */
export function topCandidates(values: Float32Array, k: number): Int32Array {
  const before = (a: number, b: number): number => values[b] - values[a] || a - b;
  if (k * 4 >= values.length) {
    return Int32Array.from(values.keys()).sort(before).subarray(0, k);
  }
  // A min-heap: the weakest kept candidate is at the root.
  const heap = Int32Array.from({ length: k }, (_, i) => i);
  for (let i = (k >> 1) - 1; i >= 0; i--) siftDown(heap, i, before);
  for (let i = k; i < values.length; i++) {
    if (values[i] <= values[heap[0]]) continue;
    heap[0] = i;
    siftDown(heap, 0, before);
  }
  return heap.sort(before);
}

function siftDown(heap: Int32Array, start: number, before: (a: number, b: number) => number): void {
  let parent = start;
  for (;;) {
    const left = 2 * parent + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const weaker = right < heap.length && before(heap[right], heap[left]) > 0 ? right : left;
    if (before(heap[weaker], heap[parent]) <= 0) return;
    [heap[parent], heap[weaker]] = [heap[weaker], heap[parent]];
    parent = weaker;
  }
}
