import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { LineageEdge, type LineageDirection, type LineageType } from './lineage-edge.entity.js';

export interface LineageNode {
  type: LineageType;
  id: string;
}

@Injectable()
export class LineageRepository {
  constructor(@InjectRepository(LineageEdge) private readonly rows: Repository<LineageEdge>) {}

  async add(tx: Transaction, edge: LineageEdge): Promise<void> {
    await tx.createQueryBuilder().insert().into(LineageEdge).values(edge).orIgnore().execute();
  }

  /** Nodes within `depth` steps, the start included, nearest first. */
  reach(start: LineageNode, direction: LineageDirection, depth: number): Promise<(LineageNode & { depth: number })[]> {
    const [from, to] = direction === 'down' ? ['parent', 'child'] : ['child', 'parent'];
    return this.rows.query(
      `WITH RECURSIVE walk (type, id, depth) AS (
         SELECT $1::text, $2::uuid, 0
         UNION
         SELECT e.${to}_type, e.${to}_id, w.depth + 1
         FROM walk w JOIN lineage_edges e ON e.${from}_type = w.type AND e.${from}_id = w.id
         WHERE w.depth < $3
       )
       SELECT type, id, min(depth) AS depth FROM walk GROUP BY type, id ORDER BY depth, type, id`,
      [start.type, start.id, depth],
    );
  }

  /** Every edge that leaves one of `nodes` in the given direction. */
  edgesFrom(nodes: LineageNode[], direction: LineageDirection): Promise<LineageEdge[]> {
    const from = direction === 'down' ? 'parent' : 'child';
    return this.rows.query(
      `SELECT parent_type AS "parentType", parent_id AS "parentId", child_type AS "childType", child_id AS "childId", relation
       FROM lineage_edges e
       JOIN unnest($1::text[], $2::uuid[]) AS n (type, id) ON e.${from}_type = n.type AND e.${from}_id = n.id
       ORDER BY 1, 2, 3, 4, 5`,
      [nodes.map((node) => node.type), nodes.map((node) => node.id)],
    );
  }
}
