// Lineage as rows: every feature links its product to its inputs in the transaction that
// creates it, and anyone can walk the graph both ways.
import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import type { LineageEdge } from './lineage-edge.entity.js';
import type { LineageDirectionQuery, LineageDto } from './lineage.dto.js';
import { LineageRepository, type LineageNode } from './lineage.repository.js';

const defaultDepth = 32;

@Injectable()
export class LineageService {
  constructor(private readonly edges: LineageRepository) {}

  /**
   * Records that `child` was made with `parent`; saying it twice changes nothing.
   *
   * @param relation what the parent was to the child, in snake_case: `policy`, `prompts`, `trained_on`
   */
  link(tx: Transaction, parent: LineageNode, child: LineageNode, relation: string): Promise<void> {
    return this.edges.add(tx, {
      parentType: parent.type,
      parentId: parent.id,
      childType: child.type,
      childId: child.id,
      relation,
    });
  }

  async trace(start: LineageNode, { direction, depth = defaultDepth }: LineageDirectionQuery): Promise<LineageDto> {
    const nodes = await this.edges.reach(start, direction, depth);
    const reached = new Set(nodes.map(({ type, id }) => `${type} ${id}`));
    const leaving = await this.edges.edgesFrom(nodes, direction);
    const edges = leaving.filter((edge) => reached.has(farEnd(edge, direction)));
    return { nodes, edges, truncated: edges.length < leaving.length };
  }
}

function farEnd(edge: LineageEdge, direction: LineageDirectionQuery['direction']): string {
  return direction === 'down' ? `${edge.childType} ${edge.childId}` : `${edge.parentType} ${edge.parentId}`;
}
