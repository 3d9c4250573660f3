/**
 * A checkpoint's own chat template (Jinja), used so that what users write stays plain text. The conversation is
 * rendered once with a placeholder in the place of each message; what stands around the placeholders is the
 * template's and may hold special tokens, what comes into their places may not.
 */
import { parse, Template, tokenize } from '@huggingface/jinja';

export interface ChatMessage {
  role: 'user' | 'assistant';
  content: string;
}

export interface RenderedChat {
  /** What the template writes before, between and after the messages: one more than there are messages. */
  frame: string[];
  /** The messages as the template writes them, trimmed for instance. */
  contents: string[];
}

export class ChatTemplateError extends Error {
  override name = 'ChatTemplateError';
}

// Private-use characters at both ends: trimming leaves it alone, and no template looks for it.
const placeholder = (index: number): string => `\ue000message ${index}\ue001`;

// Some templates write the date of the day when they can; a model must not see other prompts tomorrow.
const hideClock = (): Template['parsed']['body'] => parse(tokenize('{% set strftime_now = nothing %}')).body;

export class ChatTemplate {
  private readonly template: Template;

  /** `tokens` are the special tokens by their roles. Throws ChatTemplateError when the source cannot be parsed. */
  constructor(
    source: string,
    private readonly tokens: Readonly<Record<string, string>>,
  ) {
    try {
      this.template = new Template(source);
      this.template.parsed.body.unshift(...hideClock());
    } catch (error) {
      throw new ChatTemplateError(`chat_template cannot be parsed: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Throws ChatTemplateError when the template refuses the conversation or does not show each message once, in order. */
  render(messages: readonly ChatMessage[], addGenerationPrompt: boolean): RenderedChat {
    const hidden = messages.map(({ role }, index) => ({ role, content: placeholder(index) }));
    const frame = cutAtPlaceholders(this.text(hidden, addGenerationPrompt), messages.length);
    const contents = messages.map((message, index) => {
      const shown = hidden.map((other, i) => (i === index ? message : other));
      return this.contentOf(shown, index, frame, addGenerationPrompt);
    });
    return { frame, contents };
  }

  /** A template that writes something else around this content than around others gets the content as it is. */
  private contentOf(messages: ChatMessage[], index: number, frame: string[], addGenerationPrompt: boolean): string {
    const { content } = messages[index];
    const before = messages.slice(0, index).map((_, i) => frame[i] + placeholder(i)).join('') + frame[index];
    const after =
      frame[index + 1] +
      messages.slice(index + 1).map((_, i) => placeholder(index + 1 + i) + frame[index + 2 + i]).join('');
    let text: string;
    try {
      text = this.text(messages, addGenerationPrompt);
    } catch {
      return content;
    }
    const fits =
      text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
    return fits ? text.slice(before.length, text.length - after.length) : content;
  }

  private text(messages: readonly ChatMessage[], addGenerationPrompt: boolean): string {
    try {
      return this.template.render({
        ...this.tokens,
        messages,
        tools: null,
        documents: null,
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (error) {
      throw new ChatTemplateError(`chat_template cannot be rendered: ${(error as Error).message}`, { cause: error });
    }
  }
}

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
