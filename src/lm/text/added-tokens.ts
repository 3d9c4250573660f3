/** Cuts text at the tokens that were added to a tokenizer's vocabulary. */

export interface AddedToken {
  id: number;
  content: string;
  special: boolean;
  /** White space before (after) the token belongs to it. */
  lstrip: boolean;
  rstrip: boolean;
}

/** A stretch of text; in a trusted one, special tokens such as "<|user|>" are recognized. */
export interface TextPart {
  text: string;
  trusted: boolean;
}

/** What lies between added tokens is text; two texts never follow each other. */
export type Section = { token: AddedToken } | { text: string };

export class AddedTokenSplitter {
  private readonly byContent: ReadonlyMap<string, AddedToken>;
  private readonly all: RegExp | undefined;
  private readonly plain: RegExp | undefined;

  constructor(tokens: readonly AddedToken[]) {
    this.byContent = new Map(tokens.map((token) => [token.content, token]));
    this.all = matcher(tokens);
    this.plain = matcher(tokens.filter(({ special }) => !special));
  }

  /** Text of neighbouring parts is joined, so that it is encoded as one; a token is never found across parts. */
  split(parts: readonly TextPart[]): Section[] {
    const sections: Section[] = [];
    const addText = (text: string): void => {
      const last = sections.at(-1);
      if (last && 'text' in last) last.text += text;
      else if (text.length > 0) sections.push({ text });
    };
    for (const { text, trusted } of parts) {
      let end = 0;
      const pattern = trusted ? this.all : this.plain;
      for (const match of pattern ? text.matchAll(pattern) : []) {
        addText(text.slice(end, match.index));
        sections.push({ token: this.byContent.get(match[0]) as AddedToken });
        end = match.index + match[0].length;
      }
      addText(text.slice(end));
    }
    return strip(sections);
  }
}

/** Leftmost, then longest. */
function matcher(tokens: readonly AddedToken[]): RegExp | undefined {
  const contents = tokens.map(({ content }) => content).filter((content) => content.length > 0);
  if (contents.length === 0) return undefined;
  const escaped = contents
    .sort((a, b) => b.length - a.length)
    .map((content) => content.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(escaped.join('|'), 'gu');
}

function strip(sections: Section[]): Section[] {
  sections.forEach((section, i) => {
    if (!('token' in section)) return;
    const [before, after] = [sections[i - 1], sections[i + 1]];
    if (section.token.lstrip && before && 'text' in before) before.text = before.text.replace(/\p{White_Space}+$/u, '');
    if (section.token.rstrip && after && 'text' in after) after.text = after.text.replace(/^\p{White_Space}+/u, '');
  });
  return sections.filter((section) => 'token' in section || section.text.length > 0);
}
