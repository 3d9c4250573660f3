// What a policy can be run as: versions, uploaded or trained, never changed. Everything downstream names a
// version, so that it stays known which weights wrote a completion.
import { Injectable } from '@nestjs/common';
import { buffer } from 'node:stream/consumers';
import type { Artifact } from '#src/artifacts/artifact.entity.js';
import { ArtifactsService } from '#src/artifacts/artifacts.service.js';
import { LineageService } from '#src/artifacts/lineage.service.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { notFound, unprocessable } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { parseCheckpoint, type Checkpoint } from '#src/lm/checkpoint.js';
import { PoliciesService } from './policies.service.js';
import type { PolicyVersion } from './policy-version.entity.js';
import type { CreatePolicyVersionDto } from './policy-versions.dto.js';
import { PolicyVersionsRepository } from './policy-versions.repository.js';
import { neededFiles, readUploadedModel, type ReadableFile } from './uploaded-model.js';

export interface TrainedVersion {
  parentVersionId: string;
  modelId: string;
  trainingRunId: string;
}

@Injectable()
export class PolicyVersionsService {
  constructor(
    private readonly database: Database,
    private readonly policies: PoliciesService,
    private readonly versions: PolicyVersionsRepository,
    private readonly artifacts: ArtifactsService,
    private readonly models: ModelsService,
    private readonly lineage: LineageService,
  ) {}

  /**
   * @throws ProblemException 422 `model_file_duplicate`, `model_file_missing`, `unknown_artifact`, and those
   *   of `readUploadedModel`
   */
  async upload(policyId: string, { files }: CreatePolicyVersionDto): Promise<PolicyVersion> {
    await this.policies.get(policyId);
    checkNames(files.map((file) => file.name));
    const found = new Map((await this.artifacts.getMany(files.map((f) => f.artifactId))).map((a) => [a.id, a]));
    const named = files.map(({ name, artifactId }, at) => {
      const artifact = found.get(artifactId.toLowerCase());
      if (artifact) return { name, artifact };
      throw unprocessable('unknown_artifact', `/files/${at}/artifactId`, 'exists', 'no artifact has this id', artifactId);
    });
    const readable = named.map(({ name, artifact }) => [name, this.readable(artifact)] as const);
    const info = await readUploadedModel(Object.fromEntries(readable));
    const refs = named.map(({ name, artifact }) => ({ name, artifactId: artifact.id, sha256: artifact.sha256 }));
    return this.database.transaction(async (tx) => {
      const model = await this.models.saveUploaded(tx, refs, info);
      return this.insert(tx, { policyId, modelId: model.id, parentVersionId: null, origin: 'uploaded' });
    });
  }

  /** The next version of the policy that `parentVersionId` belongs to, linked to its run, model and parent. */
  async createTrainedVersion(tx: Transaction, trained: TrainedVersion): Promise<PolicyVersion> {
    const { parentVersionId, modelId, trainingRunId } = trained;
    const { policyId } = await this.get(parentVersionId, tx);
    const version = await this.insert(tx, { policyId, modelId, parentVersionId, origin: 'trained' });
    const child = { type: 'policy_version', id: version.id } as const;
    await this.lineage.link(tx, { type: 'policy_version', id: parentVersionId }, child, 'parent');
    await this.lineage.link(tx, { type: 'training_run', id: trainingRunId }, child, 'trained_by');
    await this.lineage.link(tx, { type: 'training_run', id: trainingRunId }, { type: 'model', id: modelId }, 'trained_by');
    return version;
  }

  async get(id: string, tx?: Transaction): Promise<PolicyVersion> {
    const version = await this.find(id, tx);
    if (!version) throw notFound('policy_version', id);
    return version;
  }

  find(id: string, tx?: Transaction): Promise<PolicyVersion | null> {
    return this.versions.find(id, tx);
  }

  async list(policyId: string, query: PageQuery): Promise<Page<PolicyVersion>> {
    await this.policies.get(policyId);
    const request = pageRequest(query, 'ordinal');
    return toPage(await this.versions.page(policyId, request), request, (version) => version.number);
  }

  /** The whole model in memory, for workers. */
  async loadCheckpoint(versionId: string): Promise<Checkpoint> {
    const { modelId } = await this.get(versionId);
    return parseCheckpoint(await this.models.loadFiles(modelId));
  }

  private async insert(
    tx: Transaction,
    version: Pick<PolicyVersion, 'policyId' | 'modelId' | 'parentVersionId' | 'origin'>,
  ): Promise<PolicyVersion> {
    const inserted = await this.versions.insertNext(tx, { id: newId(), ...version });
    await this.lineage.link(tx, { type: 'model', id: version.modelId }, { type: 'policy_version', id: inserted.id }, 'weights');
    return inserted;
  }

  private readable(artifact: Artifact): ReadableFile {
    const read = async (start: number, length: number) =>
      length === 0 ? new Uint8Array() : buffer(await this.artifacts.open(artifact, { start, end: start + length - 1 }));
    return { bytes: artifact.bytes, read };
  }
}

function checkNames(names: string[]): void {
  names.forEach((name, at) => {
    if (names.indexOf(name) === at) return;
    throw unprocessable('model_file_duplicate', `/files/${at}/name`, 'unique', `${name} is listed twice`, name);
  });
  const missing = neededFiles.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  throw unprocessable('model_file_missing', '/files', 'modelFile', `a model also needs ${missing.join(', ')}`);
}
