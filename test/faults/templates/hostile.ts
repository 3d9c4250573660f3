// Files of models that would end or hold the process that reads them.
import type { FileMap } from '#src/lm/files/checkpoint.js';

export interface Hostile {
  name: string;
  part: 'memory' | 'loops' | 'expressions' | 'sizes';
  /** Over the files of a sound policy. */
  files: FileMap;
  /** What registering the model answers; 201 where only some texts show what it is, and plans and jobs must refuse it. */
  status: 201 | 422;
}

const text = (value: string | object): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const say = "{% for m in messages %}{{ m['content'] }}<|end|>{% endfor %}";
const loops = (depth: number, inner = ''): string => `${'{% for i in range(20000) %}'.repeat(depth)}${inner}${'{% endfor %}'.repeat(depth)}`;

export function hostileFiles(sound: FileMap): Hostile[] {
  const tokenizer = JSON.parse(Buffer.from(sound['tokenizer.json']).toString()) as Record<string, object>;
  const withSplit = (Regex: string): FileMap => {
    const split = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
    const steps = { type: 'Sequence', pretokenizers: [split, { ...tokenizer.pre_tokenizer, use_regex: false }] };
    return { 'tokenizer.json': text({ ...tokenizer, pre_tokenizer: steps }) };
  };
  const withTemplate = (template: string): FileMap => ({ 'chat_template.jinja': text(template) });
  return [
    { name: 'a template that allocates at once', part: 'memory', status: 422, files: withTemplate(`{% for i in range(100000000) %}{% endfor %}${say}`) },
    { name: 'a template that grows a list', part: 'loops', status: 422, files: withTemplate(`{% set ns = namespace(all=[]) %}{% for i in range(200) %}{% set ns.all = ns.all + range(3000000) | list %}{% endfor %}${say}`) },
    { name: 'a template that loops', part: 'loops', status: 422, files: withTemplate(`${loops(4)}${say}`) },
    { name: 'a template that loops over some texts alone', part: 'loops', status: 201, files: withTemplate(`{% if 'plus' in messages[0]['content'] %}${loops(4)}{% endif %}${say}`) },
    { name: 'an expression that backtracks', part: 'expressions', status: 201, files: withSplit('(?:(?:(?:[^\u0001]+)+)+)+\u0001') },
    { name: 'a tokenizer of nothing but brackets', part: 'loops', status: 422, files: { 'tokenizer.json': text(`{"model":[${'[],'.repeat(15_000_000)}[]]}`) } },
    { name: 'a header of four million objects', part: 'sizes', status: 422, files: { 'model.safetensors': withHeader(`{"x":[${'{},'.repeat(5_000_000)}{}]}`) } },
    { name: 'a header of endless length', part: 'sizes', status: 422, files: { 'model.safetensors': Buffer.alloc(64, 255) } },
    { name: 'a configuration of many layers', part: 'sizes', status: 422, files: { 'config.json': text({ ...(JSON.parse(Buffer.from(sound['config.json']).toString()) as object), num_hidden_layers: 10_000 }) } },
  ];
}

function withHeader(json: string): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json)]);
}
