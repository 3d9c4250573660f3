import { Entity, PrimaryColumn } from 'typeorm';

/**
 * What can be a node. Completions, ratings, pairs and scores are not: there are too many of them, and their own
 * foreign keys say where they came from (of scores: `GET /completions/{id}/scores`).
 */
export const lineageTypes = [
  'artifact',
  'model',
  'prompt_set',
  'policy_version',
  'completion_batch',
  'criterion_version',
  'pair_set',
  'reward_model',
  'training_run',
  'comparison',
] as const;
export type LineageType = (typeof lineageTypes)[number];

export const lineageDirections = ['up', 'down'] as const;
export type LineageDirection = (typeof lineageDirections)[number];

/** The child was made with the parent. */
@Entity('lineage_edges')
export class LineageEdge {
  @PrimaryColumn('text')
  parentType: LineageType;

  @PrimaryColumn('uuid')
  parentId: string;

  @PrimaryColumn('text')
  childType: LineageType;

  @PrimaryColumn('uuid')
  childId: string;

  @PrimaryColumn('text')
  relation: string;
}
