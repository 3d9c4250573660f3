/**
 * Stop strings: a completion ends when its text holds one, wherever the borders of its tokens fall, and its
 * text ends before it.
 */

export type Decode = (tokenIds: readonly number[]) => string;

/** Tokens beyond those a stop string can span, for what decoders do to the first token of a text. */
const margin = 4;

/**
 * A test to be asked after every token: does the text of these tokens hold a stop string now? Only the end of
 * the text is looked at, since whatever came earlier was looked at before.
 */
export function stopStringTest(strings: readonly string[], decode: Decode): (tokenIds: readonly number[]) => boolean {
  const longest = Math.max(0, ...strings.map((text) => Buffer.byteLength(text)));
  if (longest === 0) return () => false;
  return (tokenIds) => {
    const tail = endOfText(tokenIds, longest + margin, decode);
    return strings.some((text) => tail.includes(text));
  };
}

/** The text before the first stop string in it, all of it when there is none. */
export function beforeStopString(text: string, strings: readonly string[]): string {
  const found = strings.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return found.length === 0 ? text : text.slice(0, Math.min(...found));
}

/**
 * At least the last `length` UTF-16 units of the text: most tokens spell a byte or more, but not all. U+FFFD at an end
 * where tokens were cut off, or are still to come, is half a character, and no part of the text yet.
 */
function endOfText(tokenIds: readonly number[], length: number, decode: Decode): string {
  for (let count = length; ; count *= 2) {
    const text = decode(tokenIds.slice(-count));
    const settled = text.replace(/\uFFFD+$/, '');
    if (count >= tokenIds.length) return settled;
    if (text.length >= length) return settled.replace(/^\uFFFD+/, '');
  }
}
