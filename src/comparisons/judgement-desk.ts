/** Decides judgement by judgement, in order, what is taken; pure, so that one and many follow the same rules. */
import { shorten, type ProblemDetail } from '#src/common/problem.js';
import type { Preference } from './comparison.entity.js';
import type { GivenJudgement } from './judgements.repository.js';

export interface DeskState {
  /** Ids of the requested items that belong to this comparison. */
  items: ReadonlySet<string>;
  /** Their earlier judgements. */
  given: readonly GivenJudgement[];
  labelers: ReadonlyMap<string, string>;
  labelersByExternalId: ReadonlyMap<string, string>;
  /** Judgements that an item needs; it takes no more. */
  perItem: number;
}

export interface OfferedJudgement {
  itemId: string;
  labelerId?: string | null;
  labelerExternalId?: string | null;
  preference: Preference;
}

type RefusalCode =
  'validation_failed' | 'item_not_found' | 'labeler_not_found' | 'already_judged' | 'item_complete';

export type Decision =
  | { kind: 'taken'; id: string }
  /** The same judgement was taken before. */
  | { kind: 'repeated'; id: string }
  | { kind: 'refused'; code: RefusalCode; detail: ProblemDetail };

export class JudgementDesk {
  readonly accepted: GivenJudgement[] = [];
  private readonly byItem = new Map<string, GivenJudgement[]>();

  constructor(
    private readonly state: DeskState,
    private readonly newId: () => string,
  ) {
    for (const judgement of state.given) this.remember(judgement);
  }

  decide(offered: OfferedJudgement): Decision {
    const { itemId, preference } = offered;
    const [id, externalId] = [offered.labelerId ?? undefined, offered.labelerExternalId ?? undefined];
    if ((id === undefined) === (externalId === undefined)) {
      return refuse(
        'validation_failed',
        '/labelerId',
        'oneOf',
        'give exactly one of labelerId and labelerExternalId',
      );
    }
    if (!this.state.items.has(itemId)) {
      return refuse('item_not_found', '/itemId', 'exists', 'the comparison has no item with this id', offered.itemId);
    }
    const labelerId =
      id !== undefined
        ? this.state.labelers.get(id)
        : this.state.labelersByExternalId.get(externalId as string);
    if (labelerId === undefined) {
      const pointer = id !== undefined ? '/labelerId' : '/labelerExternalId';
      return refuse('labeler_not_found', pointer, 'exists', 'no such labeler', id ?? externalId);
    }
    const given = this.byItem.get(itemId) ?? [];
    const own = given.find((judgement) => judgement.labelerId === labelerId);
    if (own?.preference === preference) return { kind: 'repeated', id: own.id };
    if (own)
      return refuse(
        'already_judged',
        '/itemId',
        'judgedOnce',
        `the labeler already judged this item: ${own.preference}`,
      );
    if (given.length >= this.state.perItem) {
      return refuse(
        'item_complete',
        '/itemId',
        'judgementsPerItem',
        `the item already has its ${this.state.perItem} judgements`,
      );
    }
    const judgement = { id: this.newId(), itemId, labelerId, preference };
    this.accepted.push(judgement);
    this.remember(judgement);
    return { kind: 'taken', id: judgement.id };
  }

  private remember(judgement: GivenJudgement): void {
    this.byItem.set(judgement.itemId, [...(this.byItem.get(judgement.itemId) ?? []), judgement]);
  }
}

function refuse(code: RefusalCode, pointer: string, rule: string, message: string, value?: string): Decision {
  return {
    kind: 'refused',
    code,
    detail: { pointer, rule, message, ...(value !== undefined && { value: shorten(value) }) },
  };
}
