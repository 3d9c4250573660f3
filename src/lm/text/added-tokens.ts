/**
 * Cuts text at the tokens that were added to a tokenizer's vocabulary, as the Rust library does: first at those that are
 * looked for in the text as it is, then at those (`normalized: true`) that are looked for once it is normalized, where
 * their own contents are normalized too. After `Prepend`, "ferryman" is "▁ferryman": found after a space, not within a word.
 */

export interface AddedToken {
  id: number;
  content: string;
  special: boolean;
  /** White space before (after) the token belongs to it. */
  lstrip: boolean;
  rstrip: boolean;
  /** Looked for in the normalized text. */
  normalized: boolean;
}

/** A stretch of text; in a trusted one, special tokens such as "<|user|>" are recognized. */
export interface TextPart {
  text: string;
  trusted: boolean;
}

/** What lies between added tokens is text; two texts never follow each other. */
export type Section = { token: AddedToken } | { text: string };

type RawSection = { token: AddedToken } | { parts: TextPart[] };

export class AddedTokenSplitter {
  private readonly raw: TokenSet;
  private readonly normalized: TokenSet;

  constructor(
    tokens: readonly AddedToken[],
    private readonly normalize: (text: string) => string,
  ) {
    this.raw = new TokenSet(tokens.filter((token) => !token.normalized), (content) => content);
    this.normalized = new TokenSet(tokens.filter((token) => token.normalized), normalize);
  }

  /**
   * Sections with normalized text. Text of neighbouring parts is joined, so that it is normalized and encoded as one; a
   * token is never found across parts.
   */
  split(parts: readonly TextPart[]): Section[] {
    return this.splitRaw(parts).flatMap((section) => ('token' in section ? [section] : this.splitNormalized(section.parts)));
  }

  private splitRaw(parts: readonly TextPart[]): RawSection[] {
    const sections: RawSection[] = [];
    for (const { text, trusted } of parts) {
      for (const section of this.raw.cut(text, trusted)) {
        const last = sections.at(-1);
        if ('token' in section) sections.push(section);
        else if (last && 'parts' in last) last.parts.push({ text: section.text, trusted });
        else sections.push({ parts: [{ text: section.text, trusted }] });
      }
    }
    sections.forEach((section, i) => {
      if (!('token' in section)) return;
      const [before, after] = [sections[i - 1], sections[i + 1]];
      if (section.token.lstrip && before && 'parts' in before) before.parts = trimmed(before.parts, 'end');
      if (section.token.rstrip && after && 'parts' in after) after.parts = trimmed(after.parts, 'start');
    });
    return sections;
  }

  private splitNormalized(parts: readonly TextPart[]): Section[] {
    const whole = this.normalize(parts.map(({ text }) => text).join(''));
    const sections: Section[] = [];
    for (const { text, trusted } of this.normalized.isEmpty ? [{ text: whole, trusted: true }] : this.partsOf(whole, parts)) {
      for (const section of this.normalized.cut(text, trusted)) {
        const last = sections.at(-1);
        if ('text' in section && last && 'text' in last) last.text += section.text;
        else sections.push({ ...section });
      }
    }
    return strip(sections);
  }

  /** The parts as they lie in the normalized whole: a part ends where the normalized text up to it does. */
  private partsOf(whole: string, parts: readonly TextPart[]): TextPart[] {
    let [given, from] = ['', 0];
    return parts.map(({ text, trusted }, i) => {
      given += text;
      const to = i === parts.length - 1 ? whole.length : Math.max(from, Math.min(whole.length, this.normalize(given).length));
      const part = { text: whole.slice(from, to), trusted };
      from = to;
      return part;
    });
  }
}

/** Tokens by what is looked for. */
class TokenSet {
  private readonly byText: ReadonlyMap<string, AddedToken>;
  private readonly all: RegExp | undefined;
  private readonly plain: RegExp | undefined;

  constructor(tokens: readonly AddedToken[], textOf: (content: string) => string) {
    const named = tokens.map((token) => [textOf(token.content), token] as const).filter(([text]) => text.length > 0);
    // Of two with one text Rust takes the first, special ones before others.
    const ordered = [...named.filter(([, { special }]) => special), ...named.filter(([, { special }]) => !special)];
    this.byText = new Map(ordered.reverse());
    this.all = matcher(named.map(([text]) => text));
    this.plain = matcher(named.filter(([, { special }]) => !special).map(([text]) => text));
  }

  get isEmpty(): boolean {
    return this.all === undefined;
  }

  cut(text: string, trusted: boolean): Section[] {
    const sections: Section[] = [];
    const pattern = trusted ? this.all : this.plain;
    let end = 0;
    for (const match of pattern ? text.matchAll(pattern) : []) {
      if (match.index > end) sections.push({ text: text.slice(end, match.index) });
      sections.push({ token: this.byText.get(match[0]) as AddedToken });
      end = match.index + match[0].length;
    }
    if (end < text.length) sections.push({ text: text.slice(end) });
    return sections;
  }
}

/** Leftmost, then longest. */
function matcher(texts: string[]): RegExp | undefined {
  if (texts.length === 0) return undefined;
  const escaped = texts
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(escaped.join('|'), 'gu');
}

function trimmed(parts: TextPart[], side: 'start' | 'end'): TextPart[] {
  const rest = parts.map((part) => ({ ...part }));
  while (rest.length > 0) {
    const part = rest.at(side === 'end' ? -1 : 0)!;
    part.text = trim(part.text, side);
    if (part.text.length > 0) break;
    if (side === 'end') rest.pop();
    else rest.shift();
  }
  return rest;
}

const trim = (text: string, side: 'start' | 'end'): string =>
  side === 'end' ? text.replace(/\p{White_Space}+$/u, '') : text.replace(/^\p{White_Space}+/u, '');

function strip(sections: Section[]): Section[] {
  sections.forEach((section, i) => {
    if (!('token' in section)) return;
    const [before, after] = [sections[i - 1], sections[i + 1]];
    if (section.token.lstrip && before && 'text' in before) before.text = trim(before.text, 'end');
    if (section.token.rstrip && after && 'text' in after) after.text = trim(after.text, 'start');
  });
  return sections.filter((section) => 'token' in section || section.text.length > 0);
}
