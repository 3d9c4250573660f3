// Every name and value of the closed world. A word belongs to one category only, so a word in an answer
// can be traced to what it claims. Words are short: each becomes a single token of the starter's tokenizer.

export const NAMES = words(
  'Mira Tom Ana Leo Nina Omar Eva Sam Ivy Max Zoe Ben Lena Hugo Rosa Kim',
);

/** One kind of fact: its values and all its wordings. `{s}` is the person, `{v}` the value. */
export interface Relation {
  id: string;
  values: readonly string[];
  facts: readonly string[];
  asks: readonly string[];
  whoAsks: readonly string[];
  states: readonly string[];
  short: string;
  /** What an honest "the facts do not say ..." names. */
  absent: string;
  absentWho: string;
}

export const RELATIONS: readonly Relation[] = [
  {
    id: 'place',
    values: words('Oslo Rome Paris Lima Cairo Tokyo Delhi Berlin'),
    facts: ['{s} lives in {v}.', '{s} has a home in {v}.'],
    asks: ['Where does {s} live?', 'In which city does {s} live?'],
    whoAsks: ['Who lives in {v}?'],
    states: ['{s} lives in {v}.'],
    short: 'In {v}.',
    absent: 'where {s} lives',
    absentWho: 'who lives in {v}',
  },
  {
    id: 'job',
    values: words('baker nurse pilot farmer teacher doctor singer chef'),
    facts: ['{s} works as a {v}.', '{s} is a {v}.'],
    asks: ['What is the job of {s}?', 'What work does {s} do?'],
    whoAsks: ['Who works as a {v}?'],
    states: ['{s} works as a {v}.', '{s} is a {v}.'],
    short: 'A {v}.',
    absent: 'what work {s} does',
    absentWho: 'who works as a {v}',
  },
  {
    id: 'animal',
    values: words('cat dog goat duck horse rabbit snake hen'),
    facts: ['{s} has a {v}.', '{s} keeps a {v} at home.'],
    asks: ['Which animal does {s} have?', 'What animal does {s} keep?'],
    whoAsks: ['Who has a {v}?'],
    states: ['{s} has a {v}.', '{s} keeps a {v}.'],
    short: 'A {v}.',
    absent: 'which animal {s} has',
    absentWho: 'who has a {v}',
  },
  {
    id: 'pet',
    values: words('Pip Rex Coco Fizz Gus Luna Dot Momo'),
    facts: ['{s} has a pet called {v}.', '{s} calls the pet {v}.'],
    asks: ['What is the pet of {s} called?', 'What does {s} call the pet?'],
    whoAsks: ['Who has a pet called {v}?'],
    states: ['{s} has a pet called {v}.'],
    short: 'It is called {v}.',
    absent: 'what the pet of {s} is called',
    absentWho: 'who has a pet called {v}',
  },
  {
    id: 'colour',
    values: words('red blue green pink black white yellow brown'),
    facts: ['{s} likes the colour {v}.', '{s} likes {v} best of all colours.'],
    asks: ['Which colour does {s} like?', 'What is the favourite colour of {s}?'],
    whoAsks: ['Who likes the colour {v}?'],
    states: ['{s} likes the colour {v}.'],
    short: 'It is {v}.',
    absent: 'which colour {s} likes',
    absentWho: 'who likes the colour {v}',
  },
  {
    id: 'food',
    values: words('soup rice pasta bread pizza cake cheese honey'),
    facts: ['{s} likes to eat {v}.', '{s} eats {v} every day.'],
    asks: ['What does {s} like to eat?', 'What food does {s} like?'],
    whoAsks: ['Who likes to eat {v}?'],
    states: ['{s} likes to eat {v}.', '{s} eats {v}.'],
    short: 'It is {v}.',
    absent: 'what {s} likes to eat',
    absentWho: 'who likes to eat {v}',
  },
  {
    id: 'music',
    values: words('piano guitar violin flute drums harp cello banjo'),
    facts: ['{s} plays the {v}.', '{s} can play the {v}.'],
    asks: ['What does {s} play?', 'Which instrument does {s} play?'],
    whoAsks: ['Who plays the {v}?'],
    states: ['{s} plays the {v}.'],
    short: 'The {v}.',
    absent: 'which instrument {s} plays',
    absentWho: 'who plays the {v}',
  },
  {
    id: 'wake',
    values: words('four five six seven eight nine ten noon'),
    facts: ['{s} wakes up at {v}.', '{s} gets up at {v}.'],
    asks: ['When does {s} wake up?', 'What time does {s} get up?'],
    whoAsks: ['Who wakes up at {v}?'],
    states: ['{s} wakes up at {v}.', '{s} gets up at {v}.'],
    short: 'At {v}.',
    absent: 'when {s} wakes up',
    absentWho: 'who wakes up at {v}',
  },
];

/** Relation of every value word, in lower case. */
export const RELATION_OF_VALUE: ReadonlyMap<string, Relation> = new Map(
  RELATIONS.flatMap((relation) => relation.values.map((value) => [value.toLowerCase(), relation] as const)),
);

export const NAME_BY_LOWER: ReadonlyMap<string, string> = new Map(NAMES.map((name) => [name.toLowerCase(), name]));

export function fill(template: string, s: string, v: string): string {
  return template.replaceAll('{s}', s).replaceAll('{v}', v);
}

/** Turns a wording into a pattern; group `s` and `v` catch the person and the value. */
export function wordingPattern(template: string, values: readonly string[]): RegExp {
  return new RegExp(`^${wordingSource(template, values, true)}$`, 'i');
}

export function wordingSource(template: string, values: readonly string[], named: boolean): string {
  const group = (name: string, options: readonly string[]) => `(${named ? `?<${name}>` : '?:'}${options.join('|')})`;
  return template
    .replace(/[.?]/g, '\\$&')
    .replaceAll('{s}', group('s', NAMES))
    .replaceAll('{v}', group('v', values));
}

function words(list: string): readonly string[] {
  return list.split(' ');
}
