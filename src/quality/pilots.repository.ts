import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { levelColumn } from './agreement-sql.js';
import { Pilot } from './pilot.entity.js';

interface DisputedRating {
  labelerId: string;
  /** Overall first, then by dimension of the criterion. */
  levels: (number | null)[];
  rationale: string | null;
  flags: string[];
}

/** An item over which labelers differ, and what each gave. */
export interface Dispute {
  completionId: string;
  prompt: string;
  completion: string;
  ratings: DisputedRating[];
}

@Injectable()
export class PilotsRepository {
  constructor(@InjectRepository(Pilot) private readonly rows: Repository<Pilot>) {}

  async insert(tx: Transaction, pilot: Omit<Pilot, 'createdAt'>): Promise<Pilot> {
    await tx.insert(Pilot, pilot);
    return tx.findOneByOrFail(Pilot, { id: pilot.id });
  }

  find(id: string): Promise<Pilot | null> {
    return this.rows.findOneBy({ id });
  }

  /** The latest of a version. */
  findLatest(criterionVersionId: string): Promise<Pilot | null> {
    return this.rows.createQueryBuilder('p').where({ criterionVersionId }).orderBy('p.id', 'DESC').limit(1).getOne();
  }

  page(criterionVersionId: string, request: PageRequest): Promise<Pilot[]> {
    const query = this.rows
      .createQueryBuilder('p')
      .where('p.criterionVersionId = :criterionVersionId', { criterionVersionId })
      .orderBy('p.id')
      .limit(request.limit + 1);
    if (request.after) query.andWhere('p.id > :after', { after: request.after });
    return query.getMany();
  }

  /** Over the collected values of agreement.repository.ts: the items with the largest variance in any dimension. */
  disputes(tx: Transaction, batchId: string, dimensions: number, limit: number): Promise<Dispute[]> {
    const columns = Array.from({ length: dimensions }, (_, d) => levelColumn(d));
    const variances = columns.map((column) => `coalesce(var_pop(${column}), 0)`);
    return tx.query(
      `WITH worst AS MATERIALIZED (
         SELECT item, greatest(${variances.join(', ')}) AS variance FROM agreement_values GROUP BY item HAVING count(*) > 1
         ORDER BY 2 DESC, 1 LIMIT $2)
       SELECT w.item AS "completionId", q.text AS prompt, c.text AS completion,
              (SELECT json_agg(json_build_object('labelerId', v.labeler_id, 'levels', json_build_array(${columns.map((column) => `v.${column}`).join(', ')}), 'rationale', r.rationale,
                                                 'flags', r.flags) ORDER BY v.labeler_id)
               FROM agreement_values v
               LEFT JOIN LATERAL (
                 SELECT r.rationale, r.flags FROM ratings r
                 WHERE r.completion_id = v.item AND r.labeler_id = v.labeler_id
                   AND r.labeling_task_id IN (SELECT t.id FROM labeling_tasks t WHERE t.batch_id = $1)
                 ORDER BY r.id DESC LIMIT 1) r ON true
               WHERE v.item = w.item) AS ratings
       FROM worst w JOIN completions c ON c.id = w.item JOIN prompts q ON q.id = c.prompt_id
       WHERE w.variance > 0 ORDER BY w.variance DESC, w.item`,
      [batchId, limit],
    );
  }
}
