// Step 1 of the loop: prompts, posted one by one or in bulk. A prompt never changes; posting it again under
// the same external id finds the first one, and a different text under that id is refused.
import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { landLines, failedLine, type BulkLine } from '#src/common/bulk-lines.js';
import type { BulkItemResult, BulkResult } from '#src/common/bulk.js';
import { canonicalJson } from '#src/common/hash.js';
import { promptMistake, readableText } from '#src/common/conversation.js';
import { newId } from '#src/common/id.js';
import { validationProblem } from '#src/common/validation.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { created, repeated, type Posted } from '#src/common/posted.js';
import { conflict, notFound, shorten, type ProblemDetail } from '#src/common/problem.js';
import type { NewPrompt, Prompt } from './prompt.entity.js';
import { CreatePromptDto, type PromptQuery } from './prompts.dto.js';
import { PromptsRepository } from './prompts.repository.js';

@Injectable()
export class PromptsService {
  constructor(private readonly prompts: PromptsRepository) {}

  /** @throws ProblemException 409 `external_id_conflict` */
  async create(dto: CreatePromptDto): Promise<Posted<Prompt>> {
    const mistakes = mistakesOf(dto);
    if (mistakes.length > 0) throw validationProblem(mistakes);
    const prompt = newPrompt(dto);
    const inserted = await this.prompts.insertNew([prompt]);
    if (inserted.has(prompt.id)) return created(await this.get(prompt.id));
    const [first] = await this.prompts.byExternalIds([dto.externalId!]);
    if (first && sameContent(first, prompt)) return repeated(first);
    throw conflict('external_id_conflict', taken(dto.externalId!).message, [taken(dto.externalId!)]);
  }

  createMany(body: Readable): Promise<BulkResult> {
    return landLines(body, CreatePromptDto, (lines) => this.land(lines));
  }

  async get(id: string): Promise<Prompt> {
    const prompt = await this.prompts.find(id);
    if (!prompt) throw notFound('prompt', id);
    return prompt;
  }

  /** In any order; ids that do not exist are missing. */
  getMany(ids: string[]): Promise<Prompt[]> {
    return this.prompts.findMany(ids);
  }

  /** Id of each prompt that exists, by id or by external id. */
  resolve(keys: string[], by: 'id' | 'externalId'): Promise<Map<string, string>> {
    return this.prompts.resolve(keys, by);
  }

  async list(query: PromptQuery): Promise<Page<Prompt>> {
    const request = pageRequest(query);
    return toPage(await this.prompts.page(query, request), request, (prompt) => prompt.id);
  }

  private async land(lines: BulkLine<CreatePromptDto>[]): Promise<BulkItemResult[]> {
    const checked = lines.map(({ line, value }) => ({ line, value, mistakes: mistakesOf(value) }));
    const refused = checked.flatMap(({ line, mistakes }) => (mistakes.length > 0 ? [failedLine(line, 'validation_failed', mistakes)] : []));
    const given = checked.flatMap(({ line, value, mistakes }) => (mistakes.length > 0 ? [] : [{ line, prompt: newPrompt(value) }]));
    const inserted = await this.prompts.insertNew(given.map(({ prompt }) => prompt));
    const rest = given.filter(({ prompt }) => !inserted.has(prompt.id));
    const stored = await this.prompts.byExternalIds(rest.map(({ prompt }) => prompt.externalId!));
    const byExternalId = new Map(stored.map((prompt) => [prompt.externalId, prompt]));
    const landed = given.map(({ line, prompt }): BulkItemResult => {
      if (inserted.has(prompt.id)) return { line, status: 'created', id: prompt.id };
      const first = byExternalId.get(prompt.externalId);
      if (first && sameContent(first, prompt)) return { line, status: 'duplicate', id: first.id };
      return failedLine(line, 'external_id_conflict', [taken(prompt.externalId!)]);
    });
    return [...refused, ...landed];
  }
}

function newPrompt(dto: CreatePromptDto): NewPrompt {
  const { externalId = null, tags = [], metadata = {} } = dto;
  return { id: newId(), ...asked(dto), externalId: externalId ?? null, tags: tags ?? [], metadata: metadata ?? {} };
}

function asked({ text, messages, tools, continueFinalMessage }: CreatePromptDto): Pick<NewPrompt, 'text' | 'conversation'> {
  if (!messages) return { text: text!, conversation: null };
  const conversation = { messages, ...(tools?.length && { tools }), ...(continueFinalMessage && { continueFinalMessage }) };
  return { text: readableText(messages), conversation };
}

/** Rules across fields: a prompt is either a text or a valid conversation. */
function mistakesOf({ text, messages, tools, continueFinalMessage }: CreatePromptDto): ProblemDetail[] {
  if ((text ?? undefined) !== undefined) {
    const beside = Object.entries({ messages, tools, continueFinalMessage }).find(([, value]) => (value ?? undefined) !== undefined);
    return beside ? [{ pointer: `/${beside[0]}`, rule: 'oneOf', message: 'give exactly one of text and messages; tools and continueFinalMessage need messages' }] : [];
  }
  if (!messages) return [{ pointer: '/text', rule: 'oneOf', message: 'give exactly one of text and messages' }];
  const mistake = promptMistake({ messages, continueFinalMessage: continueFinalMessage ?? false });
  return mistake ? [mistake] : [];
}

function sameContent(a: NewPrompt, b: NewPrompt): boolean {
  const content = ({ text, conversation, tags, metadata }: NewPrompt) => canonicalJson({ text, conversation, tags, metadata });
  return content(a) === content(b);
}

function taken(externalId: string): ProblemDetail {
  const message = `another prompt has the externalId '${shorten(externalId)}'`;
  return { pointer: '/externalId', rule: 'unique', message, value: shorten(externalId) };
}
