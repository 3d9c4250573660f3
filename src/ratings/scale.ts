/** A completion that is at a level beyond doubt: labelers hold others against it. */
interface Anchor {
  prompt?: string;
  completion: string;
  explanation?: string;
}

/** One level of a scale: the score a labeler gives and what it means. */
export interface ScaleLevel {
  value: number;
  label: string;
  description?: string;
  anchors?: Anchor[];
}

/** Index of the first level that does not lie above the one before it; null when the scale is in order. */
export function unorderedLevel(scale: readonly ScaleLevel[]): number | null {
  const index = scale.findIndex((level, i) => i > 0 && !(level.value > scale[i - 1].value));
  return index === -1 ? null : index;
}

export function onScale(scale: readonly ScaleLevel[], score: number): boolean {
  return scale.some((level) => level.value === score);
}

export function offScaleMessage(scale: readonly ScaleLevel[]): string {
  return `score must be one of the values of the scale: ${scale.map((level) => level.value).join(', ')}`;
}
