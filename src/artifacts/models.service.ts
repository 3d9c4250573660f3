import { Injectable } from '@nestjs/common';
import { canonicalJson, sha256 } from '#src/common/hash.js';
import { newId } from '#src/common/id.js';
import { notFound } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { checkpointStreams, readCheckpoint, readConfig, readSmallFiles, type Checkpoint, type FileMap } from '#src/lm/files/checkpoint.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import type { ModelFiles } from '#src/lm/files/model-folder.js';
import { ArtifactStore, inTurn } from './artifact-store.js';
import { ArtifactsService } from './artifacts.service.js';
import { ContentsService, type ClaimedContent } from './contents.service.js';
import { LineageService } from './lineage.service.js';
import type { Model } from './model.entity.js';
import type { ModelDto } from './models.dto.js';
import { ModelsRepository } from './models.repository.js';

/** The limit of one request to S3, and of Hugging Face's own files. */
const largestFile = 5_000_000_000;

/** Information about the model, read from its files. */
export interface ModelInfo {
  architecture: string;
  parameterCount: number;
  config: Record<string, unknown>;
}

export interface ModelFileRef {
  name: string;
  artifactId: string;
  sha256: string;
}

@Injectable()
export class ModelsService {
  constructor(
    private readonly database: Database,
    private readonly store: ArtifactStore,
    private readonly contents: ContentsService,
    private readonly artifacts: ArtifactsService,
    private readonly lineage: LineageService,
    private readonly models: ModelsRepository,
  ) {}

  /**
   * Keeps a model that was trained here: bytes first, then rows, in `tx` when given. The same files again
   * give the same model.
   *
   * @param files by name: config.json, tokenizer.json, model.safetensors, ...
   */
  async saveModel(tx: Transaction | undefined, files: Record<string, Uint8Array>, info: ModelInfo): Promise<Model> {
    const stored = await this.storeFiles(Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, { chunks: [bytes] }])));
    return tx ? this.saveStored(tx, stored, info) : this.database.transaction((own) => this.saveStored(own, stored, info));
  }

  /** The first half of `saveModel`, for callers that do not want a transaction open while disks write. */
  async storeFiles(files: Readonly<Record<string, { chunks: Iterable<Uint8Array> }>>): Promise<Record<string, ClaimedContent>> {
    const stored: Record<string, ClaimedContent> = {};
    for (const [name, { chunks }] of Object.entries(files)) stored[name] = await this.contents.put(inTurn(chunks));
    return stored;
  }

  /** A whole model as `storeFiles` takes it in: in shards where one file would be too large for other stores. */
  storeCheckpoint(checkpoint: Checkpoint): Promise<Record<string, ClaimedContent>> {
    return this.storeFiles(checkpointStreams(checkpoint, 'F32', { maxShardBytes: largestFile }));
  }

  /** The second half of `saveModel`. */
  async saveStored(tx: Transaction, stored: Record<string, ClaimedContent>, info: ModelInfo): Promise<Model> {
    const files = Object.entries(stored).map(([name, content]) => ({ name, ...content }));
    // Also if the model already exists and its rows refer to them.
    await this.contents.settle(tx, files);
    return this.insertOnce(tx, files, info, async (modelId) => {
      const ids = await this.artifacts.register(
        tx,
        files.map(({ name, ...content }) => ({ kind: 'model-file', fileName: name, mediaType: mediaTypeOf(name), ...content })),
      );
      for (const artifactId of ids) {
        await this.lineage.link(tx, { type: 'model', id: modelId }, { type: 'artifact', id: artifactId }, 'file');
      }
      return files.map(({ name }, at) => ({ modelId, name, artifactId: ids[at] }));
    });
  }

  /** A model made from uploaded artifacts. */
  saveUploaded(tx: Transaction, files: ModelFileRef[], info: ModelInfo): Promise<Model> {
    return this.insertOnce(tx, files, info, async (modelId) => {
      for (const { artifactId } of files) {
        await this.lineage.link(tx, { type: 'artifact', id: artifactId }, { type: 'model', id: modelId }, 'file');
      }
      return files.map(({ name, artifactId }) => ({ modelId, name, artifactId }));
    });
  }

  /**
   * Deletes a model that was trained here, unless another row refers to it. Returns unreferenced contents, for
   * `ArtifactsService.removeContents` after the transaction.
   */
  async forget(tx: Transaction, id: string): Promise<string[]> {
    const artifactIds = await this.models.removeUnused(tx, id);
    return this.artifacts.forget(tx, artifactIds);
  }

  async get(id: string): Promise<ModelDto> {
    const model = await this.models.find(id);
    if (!model) throw notFound('model', id);
    return { ...model, files: await this.models.files(id) };
  }

  /** The bytes of the files by name, of all unless some are chosen. @throws ContentMissingError when the store lost one */
  async loadFiles(modelId: string, wanted: (name: string) => boolean = () => true): Promise<Record<string, Uint8Array>> {
    const { files } = await this.get(modelId);
    const read = files.filter(({ name }) => wanted(name)).map(async (file) => [file.name, await this.store.read(file.sha256)] as const);
    return Object.fromEntries(await Promise.all(read));
  }

  /** The whole model in memory, for workers; read tensor by tensor. @throws ContentMissingError when the store lost a file */
  async loadCheckpoint(modelId: string): Promise<Checkpoint> {
    return readCheckpoint(await this.filesOf(modelId));
  }

  /** What the model is, without its tokenizer and weights. @throws ContentMissingError */
  async loadConfig(modelId: string): Promise<ModelConfig> {
    return readConfig(await this.filesOf(modelId));
  }

  /** All files but the weights, as they are: a tokenizer is a large text of a user, to be parsed in another process. @throws ContentMissingError */
  async loadSmallFiles(modelId: string): Promise<FileMap> {
    return readSmallFiles(await this.filesOf(modelId));
  }

  private async filesOf(modelId: string): Promise<ModelFiles> {
    const byName = new Map((await this.get(modelId)).files.map(({ name, sha256 }) => [name, sha256]));
    const find = <T>(name: string, read: (content: string) => Promise<T>): Promise<T | undefined> => {
      const content = byName.get(name);
      return content === undefined ? Promise.resolve(undefined) : read(content);
    };
    return {
      readSmall: (name) => find(name, (content) => this.store.read(content)),
      open: (name) => find(name, (content) => this.store.source(content)),
    };
  }

  private async insertOnce(
    tx: Transaction,
    files: { name: string; sha256: string }[],
    info: ModelInfo,
    filesOf: (modelId: string) => Promise<{ modelId: string; name: string; artifactId: string }[]>,
  ): Promise<Model> {
    const contentHash = sha256(canonicalJson(Object.fromEntries(files.map((file) => [file.name, file.sha256]))));
    const { architecture, parameterCount, config } = info;
    const model = { id: newId(), contentHash, architecture, parameterCount, config };
    if (await this.models.insertOnce(tx, model)) await this.models.addFiles(tx, await filesOf(model.id));
    return (await this.models.findByHash(tx, contentHash))!;
  }
}

function mediaTypeOf(name: string): string {
  return name.endsWith('.json') ? 'application/json' : 'application/octet-stream';
}
