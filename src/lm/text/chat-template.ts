/**
 * A checkpoint's own chat template (Jinja), used so that what users write stays plain text. The conversation is
 * rendered once with a placeholder in the place of each message; what stands around the placeholders is the
 * template's and may hold special tokens, what comes into their places may not.
 */
import * as library from '@huggingface/jinja';
import { DeterministicError } from '#src/common/deterministic-error.js';
import { TimeLimitError, within } from '#src/common/time-limit.js';

export type ChatRole = 'user' | 'assistant';

/** Who speaks in turn, and whether the template asks for an answer at the end. */
export interface ChatOutline {
  roles: readonly ChatRole[];
  ask: boolean;
}

/** For one conversation: loops of a template can be as long as its author likes. */
const renderMilliseconds = 10_000;

export class ChatTemplateError extends DeterministicError {
  readonly code = 'chat_template_failed';
  override name = 'ChatTemplateError';
}

// Private-use characters at both ends: trimming leaves it alone, and no template looks for it.
const placeholder = (index: number): string => `\ue000message ${index}\ue001`;

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
   * What the template writes before, between and after the messages: one text more than there are messages.
   * Throws ChatTemplateError when it refuses the conversation or does not show each message once, in order.
   */
  frame({ roles, ask }: ChatOutline): string[] {
    return cutAtPlaceholders(this.text(hidden(roles), ask), roles.length);
  }

  /**
   * A message as the template writes it, trimmed for instance; `frame` is that of the outline. A template that
   * writes something else around this content than around others gets the content as it is.
   * Throws ChatTemplateError when it does not come to an end.
   */
  place(content: string, index: number, { roles, ask }: ChatOutline, frame: readonly string[]): string {
    const messages = hidden(roles);
    messages[index].content = content;
    const before = frame.slice(0, index + 1).map((text, i) => (i < index ? text + placeholder(i) : text)).join('');
    const after = frame.slice(index + 1).map((text, i) => (i > 0 ? placeholder(index + i) + text : text)).join('');
    let text: string;
    try {
      text = this.text(messages, ask);
    } catch (error) {
      if ((error as ChatTemplateError).cause instanceof TimeLimitError) throw error;
      return content;
    }
    const fits = text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
    return fits ? text.slice(before.length, text.length - after.length) : content;
  }

  private text(messages: readonly { role: ChatRole; content: string }[], ask: boolean): string {
    try {
      const variables = { ...this.tokens, messages, tools: null, documents: null, add_generation_prompt: ask };
      return within(this.milliseconds, () => this.template.render(variables));
    } catch (error) {
      throw new ChatTemplateError(`chat_template cannot be rendered: ${(error as Error).message}`, { cause: error });
    }
  }
}

const hidden = (roles: readonly ChatRole[]): { role: ChatRole; content: string }[] =>
  roles.map((role, index) => ({ role, content: placeholder(index) }));

function cutAtPlaceholders(text: string, count: number): string[] {
  const frame: string[] = [];
  let rest = text;
  for (let i = 0; i < count; i++) {
    const parts = rest.split(placeholder(i));
    if (parts.length !== 2) {
      throw new ChatTemplateError(`chat_template writes message ${i + 1} of ${count} ${parts.length - 1} times in its place`);
    }
    frame.push(parts[0]);
    rest = parts[1];
  }
  return [...frame, rest];
}
