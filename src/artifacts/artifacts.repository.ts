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
