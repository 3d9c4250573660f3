/**
 * The k largest of the values, largest first. A heap of size k makes one pass over a large vocabulary cheap:
 * almost no value enters it. Many of them are found faster by the runtime's own sort.
 */
export function largestValues(values: Float32Array, k: number): Float32Array {
  if (k * 16 >= values.length) return values.slice().sort().reverse().subarray(0, k);
  // A min-heap: the smallest value that is kept is at the root.
  const heap = values.slice(0, k).sort();
  for (let i = k; i < values.length; i++) if (values[i] > heap[0]) replaceRoot(heap, values[i]);
  return heap.sort().reverse();
}

function replaceRoot(heap: Float32Array, value: number): void {
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[parent] = heap[child];
    parent = child;
  }
  heap[parent] = value;
}
