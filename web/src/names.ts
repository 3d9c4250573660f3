/** What a completion is called on the page, by its place: A, B, C, ... */
export function nameOf(completion: number): string {
  const rest = Math.floor(completion / 26);
  return (rest > 0 ? nameOf(rest - 1) : '') + String.fromCharCode(65 + (completion % 26));
}
