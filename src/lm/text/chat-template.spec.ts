import { describe, expect, it } from 'vitest';
import { ChatTemplate, ChatTemplateError } from './chat-template.js';

const asked = { roles: ['user'], ask: true } as const;
const place = (template: ChatTemplate, content: string): string =>
  template.place(content, 0, asked, template.frame(asked));

describe('chat template', () => {
  it('tells what the template writes from what users wrote', () => {
    const template = new ChatTemplate("{{ bos_token }}[{{ messages[0]['content'] | trim }}]", { bos_token: '<s>' });
    expect(template.frame(asked)).toEqual(['<s>[', ']']);
    expect(place(template, ' hi <s> ')).toBe('hi <s>');
    // Looks like the end of the frame, and is text all the same.
    expect(place(template, 'a]')).toBe('a]');
    expect(place(template, '')).toBe('');
  });

  it('finds a message among others', () => {
    const source = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] | trim }}{% endfor %}.";
    const outline = { roles: ['user', 'assistant', 'user'], ask: false } as const;
    const template = new ChatTemplate(source, {});
    const frame = template.frame(outline);
    expect(frame).toEqual(['<user>', '<assistant>', '<user>', '.']);
    expect([0, 1, 2].map((i) => template.place(' x ', i, outline, frame))).toEqual(['x', 'x', 'x']);
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
    expect(new ChatTemplate(source, {}).frame(asked)).toEqual(['then', '']);
  });

  it.each([
    ['{{ "no message" }}', /writes message 1 of 1 0 times/],
    ["{{ messages[0]['content'] + messages[0]['content'] }}", /writes message 1 of 1 2 times/],
    ["{{ raise_exception('system message needed') }}", /cannot be rendered: .*system message needed/],
  ])('refuses %s', (source, message) => {
    expect(() => new ChatTemplate(source, {}).frame(asked)).toThrow(message);
  });

  it('stops a template that does not come to an end, also where only some content sends it there', () => {
    const loop = '{% for i in range(100000000) %}{% for j in range(100000000) %}{% endfor %}{% endfor %}';
    expect(() => new ChatTemplate(`${loop}{{ messages[0]['content'] }}`, {}, 50).frame(asked)).toThrow('took longer than 0.05 s');
    const picky = new ChatTemplate(`{% if messages[0]['content'] == 'magic' %}${loop.replaceAll('100000000', '5000')}{% endif %}<{{ messages[0]['content'] }}>`, {}, 1000);
    expect(place(picky, 'hi')).toBe('hi');
    expect(() => place(picky, 'magic')).toThrow(ChatTemplateError);
  });

  it('names a template that cannot be parsed', () => {
    expect(() => new ChatTemplate('{% if %}', {})).toThrow(ChatTemplateError);
    expect(() => new ChatTemplate('{% if %}', {})).toThrow(/cannot be parsed/);
  });
});
