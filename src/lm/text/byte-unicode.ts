/**
 * GPT-2's bijection between the 256 bytes and printable characters: printable Latin-1 bytes
 * stand for themselves, the others take the code points from 256 up in byte order.
 */
const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

export const byteToUnicode: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

const encoder = new TextEncoder();

/** UTF-8 bytes of a text, each as its stand-in character. */
export const toByteCharacters = (text: string): string[] =>
  Array.from(encoder.encode(text), (byte) => byteToUnicode[byte]);
