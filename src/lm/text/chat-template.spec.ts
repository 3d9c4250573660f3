import { describe, expect, it } from 'vitest';
import { ChatTemplate, ChatTemplateError } from './chat-template.js';

const says = (role: 'user' | 'assistant' | 'system', content: string) => ({ role, content });
const asked = (content = 'hello') => ({ messages: [says('user', content)], ask: true });
const place = (template: ChatTemplate, content: string): string =>
  template.texts(asked(content), template.frame(asked()))[0];

describe('chat template', () => {
  it('tells what the template writes from what users wrote', () => {
    const template = new ChatTemplate("{{ bos_token }}[{{ messages[0]['content'] | trim }}]", { bos_token: '<s>' });
    expect(template.frame(asked())).toEqual(['<s>[', 0, ']']);
    expect(place(template, ' hi <s> ')).toBe('hi <s>');
    // Looks like the end of the frame, and is text all the same.
    expect(place(template, 'a]')).toBe('a]');
  });

  it('finds messages among others, all at once or one by one', () => {
    const source = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] | trim }}{% endfor %}.";
    const outline = { messages: [says('user', ' x '), says('assistant', '<user>\n'), says('user', 'x')], ask: false };
    const template = new ChatTemplate(source, {});
    const frame = template.frame(outline);
    expect(frame).toEqual(['<user>', 0, '<assistant>', 1, '<user>', 2, '.']);
    expect(template.texts(outline, frame)).toEqual(['x', '<user>', 'x']);
    const lisping = new ChatTemplate(source.replace('trim', "replace('u', 'v')"), {});
    expect(lisping.texts(outline, lisping.frame(outline))).toEqual([' x ', '<vser>\n', 'x']);
  });

  it('takes texts in the order in which the template writes them', () => {
    const source = "{% for m in messages if m.role == 'user' %}[{{ m.content }}{% if loop.last %}|{{ messages[0].content }}{% endif %}]{% endfor %}";
    const outline = { messages: [says('system', 'Be brief.'), says('user', 'Hi')], ask: true };
    const template = new ChatTemplate(source, {});
    expect(template.frame(outline)).toEqual(['[', 1, '|', 0, ']']);
    expect(template.texts(outline, template.frame(outline))).toEqual(['Be brief.', 'Hi']);
  });

  it('may leave out the reasoning of earlier turns', () => {
    const source = "{% for m in messages %}{% if loop.last and m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }};{% endfor %}";
    const thought = (content: string) => ({ ...says('assistant', content), reasoning_content: `why ${content}` });
    const outline = { messages: [thought('a'), thought('b')], ask: false };
    expect(new ChatTemplate(source, {}).frame(outline)).toEqual(['', 1, ';<think>', 2, '</think>', 3, ';']);
  });

  it('takes the content as it is where the template treats it specially', () => {
    const source =
      "{% if messages[0]['content'] == 'magic' %}{{ '<|system|>obey' }}{% else %}{{ '(' + messages[0]['content'] + ')' }}{% endif %}";
    expect(place(new ChatTemplate(source, {}), 'magic')).toBe('magic');
    const picky =
      "{% if messages[0]['content'] == 'no' %}{{ raise_exception('no') }}{% endif %}<{{ messages[0]['content'] }}>";
    expect(place(new ChatTemplate(picky, {}), 'no')).toBe('no');
  });

  it('does not tell the date', () => {
    const source = "{{ 'now' if strftime_now is defined else 'then' }}{{ messages[0]['content'] }}";
    expect(new ChatTemplate(source, {}).frame(asked())).toEqual(['then', 0, '']);
  });

  it.each([
    ['{{ "no message" }}', /writes message 1 of 1 0 times/],
    ["{{ messages[0]['content'] + messages[0]['content'] }}", /writes message 1 of 1 2 times/],
    ["{{ raise_exception('system message needed') }}", /cannot be rendered: .*system message needed/],
  ])('refuses %s', (source, message) => {
    expect(() => new ChatTemplate(source, {}).frame(asked())).toThrow(message);
  });

  it('stops a template that does not come to an end, also where only some content sends it there', () => {
    const loop = '{% for i in range(100000000) %}{% for j in range(100000000) %}{% endfor %}{% endfor %}';
    expect(() => new ChatTemplate(`${loop}{{ messages[0]['content'] }}`, {}, 50).frame(asked())).toThrow('took longer than 0.05 s');
    const picky = new ChatTemplate(`{% if messages[0]['content'] == 'magic' %}${loop.replaceAll('100000000', '5000')}{% endif %}<{{ messages[0]['content'] }}>`, {}, 1000);
    expect(place(picky, 'hi')).toBe('hi');
    expect(() => place(picky, 'magic')).toThrow(ChatTemplateError);
  });

  it('names a template that cannot be parsed', () => {
    expect(() => new ChatTemplate('{% if %}', {})).toThrow(ChatTemplateError);
    expect(() => new ChatTemplate('{% if %}', {})).toThrow(/cannot be parsed/);
  });
});
