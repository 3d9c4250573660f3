import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { Artifact } from './artifact.entity.js';

export interface ArtifactFilter {
  kind?: string;
  sha256?: string;
}

@Injectable()
export class ArtifactsRepository {
  constructor(@InjectRepository(Artifact) private readonly rows: Repository<Artifact>) {}

  async insert(tx: Transaction, artifacts: Omit<Artifact, 'createdAt'>[]): Promise<void> {
    await tx.createQueryBuilder().insert().into(Artifact).values(artifacts as object[]).execute();
  }

  /** Deletes rows and their lineage; the contents that no other row names. */
  async remove(tx: Transaction, ids: readonly string[]): Promise<string[]> {
    await tx.query(`DELETE FROM lineage_edges WHERE (child_type = 'artifact' AND child_id = ANY($1)) OR (parent_type = 'artifact' AND parent_id = ANY($1))`, [ids]);
    const [gone] = await tx.query<[{ sha256: string }[], number]>('DELETE FROM artifacts WHERE id = ANY($1) RETURNING sha256', [ids]);
    const contents = [...new Set(gone.map(({ sha256 }) => sha256))];
    const named = await tx.findBy(Artifact, { sha256: In(contents) });
    return contents.filter((content) => !named.some(({ sha256 }) => sha256 === content));
  }

  /** Id of the store that belongs to this database: `candidate` where there was none. */
  async storeId(candidate: string): Promise<string> {
    await this.rows.query('INSERT INTO artifact_store (id) VALUES ($1) ON CONFLICT DO NOTHING', [candidate]);
    const [{ id }] = await this.rows.query<{ id: string }[]>('SELECT id FROM artifact_store');
    return id;
  }

  /** Contents of the latest rows. */
  async recentContents(limit: number): Promise<string[]> {
    const rows = await this.rows.find({ select: { sha256: true }, order: { id: 'DESC' }, take: limit });
    return rows.map(({ sha256 }) => sha256);
  }

  find(id: string): Promise<Artifact | null> {
    return this.rows.findOneBy({ id });
  }

  findMany(ids: string[]): Promise<Artifact[]> {
    return this.rows.findBy({ id: In(ids) });
  }

  page({ kind, sha256 }: ArtifactFilter, request: PageRequest): Promise<Artifact[]> {
    const query = this.rows.createQueryBuilder('a').orderBy('a.id').limit(request.limit + 1);
    if (request.after) query.andWhere('a.id > :after', { after: request.after });
    if (kind !== undefined) query.andWhere('a.kind = :kind', { kind });
    if (sha256 !== undefined) query.andWhere('a.sha256 = :sha256', { sha256 });
    return query.getMany();
  }
}
