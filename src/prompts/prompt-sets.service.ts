import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound, ProblemException, shorten, unprocessable, type ProblemDetail } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import type { PromptSet } from './prompt.entity.js';
import type { CreatePromptSetDto } from './prompt-sets.dto.js';
import { PromptSetsRepository, type PromptOfSet } from './prompt-sets.repository.js';
import { PromptsRepository } from './prompts.repository.js';

@Injectable()
export class PromptSetsService {
  constructor(
    private readonly database: Database,
    private readonly sets: PromptSetsRepository,
    private readonly prompts: PromptsRepository,
  ) {}

  async create(dto: CreatePromptSetDto): Promise<PromptSet> {
    const promptIds = await this.memberIds(dto);
    const { name, description = null } = dto;
    const set = { id: newId(), name, description, promptCount: promptIds.length };
    try {
      return await this.database.transaction((tx) => this.sets.insert(tx, set, promptIds));
    } catch (error) {
      if (!brokenUnique(error)) throw error;
      throw conflict('prompt_set_name_taken', `another prompt set has the name '${name}'`);
    }
  }

  async get(id: string): Promise<PromptSet> {
    const set = await this.find(id);
    if (!set) throw notFound('prompt_set', id);
    return set;
  }

  find(id: string): Promise<PromptSet | null> {
    return this.sets.find(id);
  }

  async list(query: PageQuery): Promise<Page<PromptSet>> {
    const request = pageRequest(query);
    return toPage(await this.sets.page(request), request, (set) => set.id);
  }

  async listPrompts(id: string, query: PageQuery): Promise<Page<PromptOfSet>> {
    await this.get(id);
    const request = pageRequest(query, 'ordinal');
    return toPage(await this.sets.members(id, request), request, (prompt) => prompt.position);
  }

  /** Every prompt of the set in order of position, for workers. */
  members(id: string): Promise<PromptOfSet[]> {
    return this.sets.allMembers(id);
  }

  /** Held-out prompts that are practised on too. */
  overlap(promptSetId: string, heldOutPromptSetId: string): Promise<{ count: number; example: string | null }> {
    return this.sets.overlap(promptSetId, heldOutPromptSetId);
  }

  private async memberIds({ promptIds, externalIds }: CreatePromptSetDto): Promise<string[]> {
    if (!promptIds === !externalIds) {
      throw unprocessable('prompt_set_members', '/promptIds', 'oneOf', 'give either promptIds or externalIds');
    }
    const by = promptIds ? 'id' : 'externalId';
    const keys = (promptIds ?? externalIds)!;
    const pointer = promptIds ? '/promptIds' : '/externalIds';
    refuse('duplicate_prompt', 'unique', 'the same prompt must not be listed twice', pointer, repeated(keys));
    const ids = await this.prompts.resolve(keys, by);
    const unknown = keys.map((key, at) => ({ key, at })).filter(({ key }) => !ids.has(key));
    refuse('unknown_prompt', 'exists', `no prompt has this ${by}`, pointer, unknown);
    return keys.map((key) => ids.get(key)!);
  }
}

interface Member {
  key: string;
  at: number;
}

function repeated(keys: string[]): Member[] {
  const seen = new Set<string>();
  return keys.map((key, at) => ({ key, at })).filter(({ key }) => seen.size === seen.add(key).size);
}

function refuse(code: string, rule: string, message: string, pointer: string, members: Member[]): void {
  if (members.length === 0) return;
  // The first few are enough: a wrong file must not produce a megabyte of errors.
  const errors: ProblemDetail[] = members
    .slice(0, 20)
    .map(({ key, at }) => ({ pointer: `${pointer}/${at}`, rule, message, value: shorten(key) }));
  const detail = `${members.length} of the prompts: ${message}`;
  throw new ProblemException({ status: 422, code, title: 'The request cannot be processed', detail, errors });
}
