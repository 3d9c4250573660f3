// What a key means. The digit row answers the question in hand, so that a labeler's hands stay where they are.

export type Command =
  | { type: 'choose'; option: number }
  | { type: 'next-question' }
  | { type: 'previous-question' }
  | { type: 'submit' }
  | { type: 'skip' }
  | { type: 'undo' };

export interface Key {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  /** The person is writing text, so that plain keys belong to the text. */
  inText: boolean;
}

/** The command of a key press, or undefined when the key is not ours. Options count from 0; `0` is the tenth. */
export function commandOf({ key, ctrlKey, metaKey, altKey, inText }: Key): Command | undefined {
  if ((ctrlKey || metaKey) && key === 'Enter') return { type: 'submit' };
  if (inText || ctrlKey || metaKey || altKey) return undefined;
  if (/^[0-9]$/.test(key)) return { type: 'choose', option: (Number(key) + 9) % 10 };
  switch (key) {
    case 'Enter':
      return { type: 'submit' };
    case 'j':
      return { type: 'next-question' };
    case 'k':
      return { type: 'previous-question' };
    case 's':
      return { type: 'skip' };
    case 'u':
      return { type: 'undo' };
    default:
      return undefined;
  }
}
