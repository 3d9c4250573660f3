// The text form of COPY: a row per line, fields between tabs.

const special = /[\\\n\r\t]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line of COPY, including the newline. Texts must not contain NUL, as everywhere in Postgres. */
export function copyLine(fields: readonly (string | number | null)[]): string {
  let line = '';
  for (let i = 0; i < fields.length; i++) {
    if (i > 0) line += '\t';
    line += field(fields[i]);
  }
  return line + '\n';
}

function field(value: string | number | null): string | number {
  if (value === null) return '\\N';
  return typeof value === 'number' ? value : value.replace(special, (character) => escapes[character]);
}
