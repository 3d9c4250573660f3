/** The document with `content` between its marks `<!-- figures: NAME -->` and `<!-- end: NAME -->`. */
export function putSection(document: string, name: string, content: string): string {
  const [start, end] = [`<!-- figures: ${name} -->`, `<!-- end: ${name} -->`];
  const from = document.indexOf(start);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new RangeError(`the document has no place for '${name}'`);
  return `${document.slice(0, from + start.length)}\n\n${content}\n\n${document.slice(to)}`;
}
