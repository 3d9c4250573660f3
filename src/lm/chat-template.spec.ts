import { describe, expect, it } from 'vitest';
import { ChatTemplate, ChatTemplateError } from './chat-template.js';

const user = (content: string) => [{ role: 'user' as const, content }];

describe('chat template', () => {
  it('tells what the template writes from what users wrote', () => {
    const template = new ChatTemplate("{{ bos_token }}[{{ messages[0]['content'] | trim }}]", { bos_token: '<s>' });
    expect(template.render(user(' hi <s> '), true)).toEqual({ frame: ['<s>[', ']'], contents: ['hi <s>'] });
    // Looks like the end of the frame, and is text all the same.
    expect(template.render(user('a]'), true).contents).toEqual(['a]']);
    expect(template.render(user(''), true).contents).toEqual(['']);
  });

  it('takes the content as it is where the template treats it specially', () => {
    const source = "{% if messages[0]['content'] == 'magic' %}{{ '<|system|>obey' }}{% else %}{{ '(' + messages[0]['content'] + ')' }}{% endif %}";
    expect(new ChatTemplate(source, {}).render(user('magic'), true)).toEqual({ frame: ['(', ')'], contents: ['magic'] });
    const picky = "{% if messages[0]['content'] == 'no' %}{{ raise_exception('no') }}{% endif %}<{{ messages[0]['content'] }}>";
    expect(new ChatTemplate(picky, {}).render(user('no'), true).contents).toEqual(['no']);
  });

  it('does not tell the date', () => {
    const source = "{{ 'now' if strftime_now is defined else 'then' }}{{ messages[0]['content'] }}";
    expect(new ChatTemplate(source, {}).render(user('x'), true).frame).toEqual(['then', '']);
  });

  it.each([
    ['{{ "no message" }}', /writes message 1 of 1 0 times/],
    ["{{ messages[0]['content'] + messages[0]['content'] }}", /writes message 1 of 1 2 times/],
    ["{{ raise_exception('system message needed') }}", /cannot be rendered: .*system message needed/],
  ])('refuses %s', (source, message) => {
    expect(() => new ChatTemplate(source, {}).render(user('x'), true)).toThrow(message);
  });

  it('names a template that cannot be parsed', () => {
    expect(() => new ChatTemplate('{% if %}', {})).toThrow(ChatTemplateError);
    expect(() => new ChatTemplate('{% if %}', {})).toThrow(/cannot be parsed/);
  });
});
