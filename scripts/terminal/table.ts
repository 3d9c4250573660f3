/**
 * Columns padded to their widest cell; the last one is left ragged.
 *
 * @param width of a line: the last column is wrapped to it at spaces, below itself
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], width = Infinity): string {
  const columns = header.length - 1;
  const widths = header.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
  const before = widths.slice(0, columns).reduce((total, column) => total + column + 2, 0);
  const last = Math.min(widths[columns], width - before);
  const lines = (cells: readonly string[]): string[] =>
    wrap(cells[columns], last).map((part, line) =>
      [...cells.slice(0, columns).map((cell, i) => (line === 0 ? cell : '').padEnd(widths[i])), part].join('  '),
    );
  const rule = [...widths.slice(0, columns), Math.min(last, Math.max(...[header, ...rows].flatMap((cells) => wrap(cells[columns], last)).map(({ length }) => length)))];
  return [...lines(header), rule.map((column) => '-'.repeat(column)).join('  '), ...rows.flatMap(lines)].join('\n');
}

/** Lines of at most `width`, broken at spaces; a longer word has a line of its own. Breaks in the text stay. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [''];
    for (const word of paragraph.split(' ')) {
      const line = lines[lines.length - 1];
      if (line === '') lines[lines.length - 1] = word;
      else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
      else lines.push(word);
    }
    return lines;
  });
}
