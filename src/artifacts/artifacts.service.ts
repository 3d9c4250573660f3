// Files: content-addressed bytes in a store, named rows in the database. The bytes are on disk before a row
// says so; a crash in between leaves unreferenced bytes, never a row without bytes.
import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { notFound, ProblemException, unprocessable } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import type { OpenByteSource } from '#src/lm/files/byte-source.js';
import { ArtifactStore, ContentMismatchError, ContentMissingError, type ByteRange } from './artifact-store.js';
import type { Artifact } from './artifact.entity.js';
import type { ArtifactQuery, UploadArtifactQuery } from './artifacts.dto.js';
import { ArtifactsRepository } from './artifacts.repository.js';
import { ContentsService, type ClaimedContent } from './contents.service.js';

export interface NewArtifact {
  kind: string;
  fileName: string;
  mediaType: string;
  metadata?: Record<string, unknown>;
}

@Injectable()
export class ArtifactsService {
  constructor(
    private readonly database: Database,
    private readonly store: ArtifactStore,
    private readonly contents: ContentsService,
    private readonly artifacts: ArtifactsRepository,
  ) {}

  /** @throws ProblemException 422 `sha256_mismatch` */
  async upload(query: UploadArtifactQuery, content: Readable): Promise<Artifact> {
    const { kind, fileName, mediaType = 'application/octet-stream', sha256 } = query;
    try {
      return await this.create({ kind, fileName, mediaType }, content, sha256);
    } catch (error) {
      if (!(error instanceof ContentMismatchError)) throw error;
      const message = `the body has the sha256 ${error.actual}`;
      throw unprocessable('sha256_mismatch', 'sha256', 'sha256', message, error.expected);
    }
  }

  /** Stores content that a worker made, and its row. */
  async create(info: NewArtifact, content: AsyncIterable<Uint8Array>, expectedSha256?: string): Promise<Artifact> {
    const stored = await this.contents.put(content, expectedSha256);
    const [id] = await this.database.transaction((tx) => this.register(tx, [{ ...info, ...stored }]));
    return this.get(id);
  }

  /** Rows for contents that are in the store already, inside the caller's transaction; ids in order. */
  async register(tx: Transaction, files: (NewArtifact & ClaimedContent)[]): Promise<string[]> {
    const rows = files.map(({ claimId: _, ...file }) => ({ ...file, id: newId(), metadata: file.metadata ?? {} }));
    await this.artifacts.insert(tx, rows);
    await this.contents.settle(tx, files);
    return rows.map((row) => row.id);
  }

  /** Takes rows back. Contents that no row names any more, for `removeContents` once the transaction is through. */
  async forget(tx: Transaction, ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const contents = await this.artifacts.remove(tx, ids);
    await this.contents.abandon(tx, contents);
    return contents;
  }

  /** Frees the space of contents that `forget` gave. */
  removeContents(contents: readonly string[]): Promise<void> {
    return this.contents.remove(contents);
  }

  async get(id: string): Promise<Artifact> {
    const artifact = await this.artifacts.find(id);
    if (!artifact) throw notFound('artifact', id);
    return artifact;
  }

  /** In any order; ids that do not exist are missing. */
  getMany(ids: string[]): Promise<Artifact[]> {
    return this.artifacts.findMany(ids);
  }

  async list(query: ArtifactQuery): Promise<Page<Artifact>> {
    const request = pageRequest(query);
    return toPage(await this.artifacts.page(query, request), request, (artifact) => artifact.id);
  }

  /** @throws ProblemException 410 `artifact_content_missing` when the store lost it */
  open(artifact: Artifact, range?: ByteRange): Promise<Readable> {
    return this.store.open(artifact.sha256, range).catch((error: unknown) => gone(artifact, error));
  }

  /** To be read in parts; the caller closes it. @throws as `open` */
  source(artifact: Artifact): Promise<OpenByteSource> {
    return this.store.source(artifact.sha256).catch((error: unknown) => gone(artifact, error));
  }
}

function gone({ id }: Artifact, error: unknown): never {
  if (!(error instanceof ContentMissingError)) throw error;
  const detail = `the content of artifact ${id} is missing from the artifact store`;
  throw new ProblemException({ status: 410, code: 'artifact_content_missing', title: 'The content is missing', detail });
}
