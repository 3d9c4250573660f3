/**
 * A checkpoint's own chat template (Jinja), used so that what users write stays plain text. The conversation is
 * rendered once with a placeholder in the place of each message; what stands around the placeholders is the
 * template's and may hold special tokens, what comes into their places may not.
 */
import * as library from '@huggingface/jinja';
import { type MessageRole, type Tool } from '#src/common/conversation.js';
import { DeterministicError } from '#src/common/deterministic-error.js';
import { TimeLimitError, within } from '#src/common/time-limit.js';

/** A message as templates know it: fields by the names that they use, arguments of calls as objects. */
export interface TemplateMessage {
  role: MessageRole;
  content: string;
  name?: string;
  reasoning_content?: string;
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: unknown } }[];
  tool_call_id?: string;
}

/** What a template is given; `ask` makes it end with the beginning of an answer. */
export interface ChatOutline {
  messages: readonly TemplateMessage[];
  tools?: readonly Tool[];
  ask: boolean;
}

/** What a template writes: its own text, and in places the texts of messages, by their number among `slotsOf`. */
export type Frame = readonly (string | number)[];

/** For one conversation: loops of a template can be as long as its author likes. */
const renderMilliseconds = 10_000;

export class ChatTemplateError extends DeterministicError {
  readonly code = 'chat_template_failed';
  override name = 'ChatTemplateError';
}

// Private-use characters at both ends: trimming leaves it alone, and no template looks for it.
const placeholder = (slot: number): string => `\ue000text ${slot}\ue001`;
const placeholders = /\ue000text (\d+)\ue001/;

/** What is used of the library: parts of its declarations do not resolve under NodeNext. */
interface JinjaTemplate {
  parsed: { body: unknown[] };
  render(variables: Record<string, unknown>): string;
}

const { Template } = library as unknown as { Template: new (source: string) => JinjaTemplate };

// Some templates write the date of the day when they can; a model must not see other prompts tomorrow.
const hideClock = (): unknown[] => new Template('{% set strftime_now = nothing %}').parsed.body;

export class ChatTemplate {
  private readonly template: JinjaTemplate;

  /** `tokens` are the special tokens by their roles. Throws ChatTemplateError when the source cannot be parsed. */
  constructor(
    source: string,
    private readonly tokens: Readonly<Record<string, string>>,
    private readonly milliseconds = renderMilliseconds,
  ) {
    try {
      this.template = new Template(source);
      this.template.parsed.body.unshift(...hideClock());
    } catch (error) {
      throw new ChatTemplateError(`chat_template cannot be parsed: ${(error as Error).message}`, { cause: error });
    }
  }

  /**
   * What the template writes around the texts of messages. The same for all conversations that differ in these texts alone.
   * Throws ChatTemplateError when it refuses the conversation or does not show each text once; reasoning may be left out, as
   * templates do with that of earlier turns. With `answerOnly` any text but the last may be: some templates move a system
   * message to the last question, and drop it when an answer follows.
   */
  frame(outline: ChatOutline, { answerOnly = false } = {}): Frame {
    const slots = slotsOf(outline);
    const pieces = this.render(filled(outline, slots.map((_, slot) => placeholder(slot)))).split(placeholders);
    const frame = pieces.map((piece, i) => (i % 2 === 0 ? piece : Number(piece)));
    for (const [slot, { field, message }] of slots.entries()) {
      const times = frame.filter((piece) => piece === slot).length;
      const needed = field === 'content' && (!answerOnly || slot === slots.length - 1);
      if (times === 1 || (times === 0 && !needed)) continue;
      throw new ChatTemplateError(`chat_template writes message ${message + 1} of ${outline.messages.length} ${times} times in its place`);
    }
    return frame;
  }

  /**
   * The texts of messages as the template writes them, trimmed for instance, by their slot; `frame` is that of the outline. A
   * template that writes something else around a text than around others gets the text as it is.
   * Throws ChatTemplateError when it does not come to an end.
   */
  texts(outline: ChatOutline, frame: Frame): string[] {
    const given = slotsOf(outline).map(({ text }) => text);
    return this.allAtOnce(outline, frame, given) ?? given.map((text, slot) => (frame.includes(slot) ? this.oneAlone(outline, frame, given, slot) : text));
  }

  /** The usual case, in one rendering: each text is written as it is, or trimmed. */
  private allAtOnce(outline: ChatOutline, frame: Frame, given: readonly string[]): string[] | undefined {
    const whole = this.renderUnlessRefused(outline);
    if (whole === undefined) return undefined;
    const texts = [...given];
    let at = 0;
    for (const [i, piece] of frame.entries()) {
      if (typeof piece === 'string') {
        if (!whole.startsWith(piece, at)) return undefined;
        at += piece.length;
        continue;
      }
      const follows = frame[i + 1] as string;
      const text = [given[piece], given[piece].trim(), given[piece].trimStart(), given[piece].trimEnd()].find((one) => whole.startsWith(one + follows, at));
      if (text === undefined) return undefined;
      texts[piece] = text;
      at += text.length;
    }
    return at === whole.length ? texts : undefined;
  }

  private oneAlone(outline: ChatOutline, frame: Frame, given: readonly string[], slot: number): string {
    const hide = (piece: string | number): string => (typeof piece === 'string' ? piece : placeholder(piece));
    const at = frame.indexOf(slot);
    const before = frame.slice(0, at).map(hide).join('');
    const after = frame.slice(at + 1).map(hide).join('');
    const whole = this.renderUnlessRefused(filled(outline, given.map((text, i) => (i === slot ? text : placeholder(i)))));
    const fits = whole !== undefined && whole.length >= before.length + after.length && whole.startsWith(before) && whole.endsWith(after);
    return fits ? whole.slice(before.length, whole.length - after.length) : given[slot];
  }

  private renderUnlessRefused(outline: ChatOutline): string | undefined {
    try {
      return this.render(outline);
    } catch (error) {
      if ((error as ChatTemplateError).cause instanceof TimeLimitError) throw error;
      return undefined;
    }
  }

  private render({ messages, tools, ask }: ChatOutline): string {
    try {
      const variables = { ...this.tokens, messages, tools: tools?.length ? tools : null, documents: null, add_generation_prompt: ask };
      return within(this.milliseconds, () => this.template.render(variables));
    } catch (error) {
      throw new ChatTemplateError(`chat_template cannot be rendered: ${(error as Error).message}`, { cause: error });
    }
  }
}

interface Slot {
  message: number;
  field: 'content' | 'reasoning_content';
  text: string;
}

/** The texts of messages that are not empty, in order. */
function slotsOf({ messages }: ChatOutline): Slot[] {
  return messages.flatMap((message, at) =>
    (['reasoning_content', 'content'] as const).flatMap((field) => (message[field] ? [{ message: at, field, text: message[field] }] : [])),
  );
}

/** The same outline with other texts in its slots. */
function filled(outline: ChatOutline, texts: readonly string[]): ChatOutline {
  const messages = outline.messages.map((message) => ({ ...message }));
  for (const [slot, { message, field }] of slotsOf(outline).entries()) messages[message][field] = texts[slot];
  return { ...outline, messages };
}
