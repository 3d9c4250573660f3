/**
 * The keys of a JSON object's top level, in order and with repetitions: `JSON.parse` keeps only
 * the last of two equal keys, so that a doubled tensor name would pass unseen.
 * `text` must already be known to be a valid JSON object.
 */
export function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  let depth = 0;
  for (const match of text.matchAll(token)) {
    const [found, colon] = match;
    if (found === '{' || found === '[') depth++;
    else if (found === '}' || found === ']') depth--;
    else if (colon !== undefined && depth === 1)
      keys.push(JSON.parse(found.slice(0, -colon.length)) as string);
  }
  return keys;
}
