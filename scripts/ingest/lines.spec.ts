import { describe, expect, it } from 'vitest';
import { checkLines, linesOf } from './lines.js';
import { prefer, sample, type Sample } from './sample.js';

const context = { source: 'data', labeler: 'someone', criterionVersionId: 'v' };

function judged(): Sample {
  const made = sample('q', [{ text: 'a' }, { text: 'b', source: 'm' }]);
  made.ratings.push({ completion: 1, scores: { helpfulness: 4, honesty: 2 }, rationale: 'so' });
  prefer(made, [0, 1], 0, { labeler: 'ann' });
  return made;
}

describe('lines', () => {
  it('refer to one another, name source and labeler, and are the same each time', () => {
    const { prompt, completions, ratings, preferences } = linesOf(judged(), { ...context, dimensions: ['helpfulness', 'honesty'] });
    expect(prompt).toEqual({ externalId: expect.stringMatching(/^p-[0-9a-f]{40}$/), text: 'q' });
    expect(completions.map(({ promptExternalId, source }) => [promptExternalId, source])).toEqual([[prompt.externalId, 'data'], [prompt.externalId, 'm']]);
    expect(ratings).toEqual([
      expect.objectContaining({ completionExternalId: completions[1].externalId, labelerExternalId: 'someone', criterionVersionId: 'v', dimensionScores: { helpfulness: 4, honesty: 2 }, rationale: 'so' }),
    ]);
    expect(preferences).toEqual([expect.objectContaining({ labelerExternalId: 'ann', preferredCompletionExternalId: completions[0].externalId })]);
    expect(linesOf(judged(), { ...context, dimensions: ['helpfulness', 'honesty'] })).toEqual({ prompt, completions, ratings, preferences });
  });

  it('order two completions by their ids, whichever was preferred', () => {
    const turned = judged();
    turned.completions.reverse();
    turned.preferences[0].preferred = 1;
    const ids = [judged(), turned].map((made) => linesOf(made, context).preferences[0]);
    expect(ids[0].completionExternalIds).toEqual([...ids[0].completionExternalIds].sort());
    expect(ids[1]).toEqual(ids[0]);
  });

  it('a rating that lacks a dimension makes no line; without dimensions the score is the one there is', () => {
    expect(linesOf(judged(), { ...context, dimensions: ['helpfulness', 'other'] }).ratings).toEqual([]);
    const made = sample('q', [{ text: 'a' }]);
    made.ratings.push({ completion: 0, scores: { stars: 3 } });
    expect(linesOf(made, context).ratings).toEqual([expect.objectContaining({ score: 3 })]);
  });

  it('a long question is a message, a long rationale is cut', () => {
    const made = judged();
    made.prompt = 'x'.repeat(32_769);
    made.ratings[0].rationale = 'y'.repeat(10_001);
    const lines = linesOf(made, context);
    expect(lines.prompt.messages).toEqual([{ role: 'user', content: made.prompt }]);
    expect(lines.ratings[0].rationale).toHaveLength(10_000);
    checkLines(lines);
  });
});

describe('what the API would refuse', () => {
  const withPrompt = (prompt: Sample['prompt']) => sample(prompt, [{ text: 'a' }]);
  it.each([
    ['', 'prompt', 'length'],
    ['nul \0', 'prompt', 'isStorable'],
    [{ messages: [{ role: 'assistant' as const, content: 'a' }] }, 'prompt/messages/0/role', 'lastOfPrompt'],
    [{ messages: [{ role: 'user' as const, content: 'q' }, { role: 'system' as const, content: 's' }, { role: 'user' as const, content: 'q' }] }, 'prompt/messages/1/role', 'systemFirst'],
    [{ messages: [{ role: 'user' as const, content: 'x'.repeat(262_145) }] }, 'prompt/messages/0/content', 'length'],
    [{ messages: Array.from({ length: 5 }, () => ({ role: 'user' as const, content: 'x'.repeat(250_000) })) }, 'prompt', 'lineLength'],
  ])('%.60j: %s %s', (prompt, field, rule) => {
    expect(() => checkLines(linesOf(withPrompt(prompt), context))).toThrow(expect.objectContaining({ field, rule }) as Error);
  });

  it.each([
    [{ text: 'half \ud800' }, 'completion', 'isStorable'],
    [{ text: 'x'.repeat(262_145) }, 'completion', 'length'],
    [{ text: 'a', source: 's'.repeat(201) }, 'completion/source', 'length'],
    [{ text: '', toolCalls: [{ id: 'c', type: 'function' as const, function: { name: 'rain in', arguments: '{}' } }] }, 'completion/toolCalls', 'functionName'],
  ])('%.40j: %s %s', (answer, field, rule) => {
    expect(() => checkLines(linesOf(sample('q', [answer]), context))).toThrow(expect.objectContaining({ field, rule }) as Error);
  });
});
