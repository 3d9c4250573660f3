/**
 * What the users of a node send back, added up. Where each of them read another piece of one axis, the pieces are put side by
 * side instead: a sum would first pad each to the full size. What a lookup sends back is added in its few places.
 */
import { isOp, type Node } from '../graph.js';
import { add, concat } from '../ops.js';
import { addedOnto } from './scattered.js';

export function sumOfParts(parts: readonly Node[]): Node {
  return tiled(parts) ?? parts.reduce((sum, part) => addedOnto(sum, part) ?? addedOnto(part, sum) ?? add(sum, part));
}

/** The parts one after another, when each is zero but for a piece of the same axis and the pieces fill it. */
function tiled(parts: readonly Node[]): Node | undefined {
  const pieces = parts.filter((part): part is Node<'Pad'> => isOp(part, 'Pad')).sort((a, b) => a.attrs.before - b.attrs.before);
  if (pieces.length !== parts.length || pieces.length < 2) return undefined;
  const { axis } = pieces[0].attrs;
  let filled = 0;
  for (const { attrs, inputs } of pieces) {
    if (attrs.axis !== axis || attrs.before !== filled) return undefined;
    filled += inputs[0].shape[axis];
  }
  return filled === pieces[0].shape[axis] ? concat(pieces.map(({ inputs }) => inputs[0]), axis) : undefined;
}
