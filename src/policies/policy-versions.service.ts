// Policy versions, uploaded or trained, immutable. Everything downstream refers to a version, so that the weights behind a completion are
// always known.
import { Inject, Injectable } from '@nestjs/common';
import { LineageService } from '#src/artifacts/lineage.service.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import { newId } from '#src/common/id.js';
import { AddressRefusedError, checkAddress } from '#src/common/network-address.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { notFound, unprocessable, type ProblemException } from '#src/common/problem.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { Database, type Transaction } from '#src/database/database.js';
import type { Checkpoint, FileMap } from '#src/lm/files/checkpoint.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { PoliciesService } from './policies.service.js';
import { completeEndpoint, type PolicyEndpointOptionsDto } from './policy-endpoint.dto.js';
import type { PolicyVersion } from './policy.entity.js';
import type { CreatePolicyVersionDto } from './policy-versions.dto.js';
import { PolicyVersionsRepository } from './policy-versions.repository.js';
import { UploadedModelsService } from './uploaded-models.service.js';

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
    private readonly uploads: UploadedModelsService,
    private readonly models: ModelsService,
    private readonly lineage: LineageService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Of uploaded files or of an endpoint, whichever the request names.
   *
   * @throws ProblemException 422 `policy_version_source`, and those of `upload` and `registerEndpoint`
   */
  async create(policyId: string, { files, endpoint }: CreatePolicyVersionDto): Promise<PolicyVersion> {
    await this.policies.get(policyId);
    if (files && !endpoint) return this.upload(policyId, files);
    if (endpoint && !files) return this.registerEndpoint(policyId, endpoint);
    throw unprocessable('policy_version_source', '', 'oneOf', 'give exactly one of files and endpoint');
  }

  /** @throws ProblemException 422, those of `UploadedModelsService.read` */
  private async upload(policyId: string, named: { name: string; artifactId: string }[]): Promise<PolicyVersion> {
    const { files, info } = await this.uploads.read(named, 'lm');
    return this.database.transaction(async (tx) => {
      const model = await this.models.saveUploaded(tx, files, info);
      return this.insert(tx, { policyId, modelId: model.id, endpoint: null, parentVersionId: null, origin: 'uploaded' });
    });
  }

  /**
   * Nothing is sent to the endpoint yet; each connection checks its address again.
   *
   * @throws ProblemException 422 `endpoint_address_private`, `endpoint_key_origin`
   */
  private async registerEndpoint(policyId: string, dto: PolicyEndpointOptionsDto): Promise<PolicyVersion> {
    const endpoint = completeEndpoint(dto);
    const url = new URL(endpoint.baseUrl);
    await this.checkEndpointAddress(url);
    const key = endpoint.apiKeyEnv === null ? undefined : this.config.endpointKeys[endpoint.apiKeyEnv];
    if (key && key.origin !== url.origin) {
      const message = `${endpoint.apiKeyEnv} holds the key of a different origin, not of ${url.origin}`;
      throw unprocessable('endpoint_key_origin', '/endpoint/apiKeyEnv', 'sameOrigin', message, endpoint.apiKeyEnv);
    }
    const version = { policyId, modelId: null, endpoint, parentVersionId: null, origin: 'endpoint' } as const;
    return this.database.transaction((tx) => this.insert(tx, version));
  }

  /** A name that is unknown here may be known to the workers, so only an address that is refused counts. */
  private async checkEndpointAddress(url: URL): Promise<void> {
    try {
      await checkAddress(url, this.config.allowPrivateEndpoints);
    } catch (error) {
      if (!(error instanceof AddressRefusedError)) return;
      throw unprocessable('endpoint_address_private', '/endpoint/baseUrl', 'publicAddress', error.message, url.href);
    }
  }

  /** The next version of the policy that `parentVersionId` belongs to, linked to its run, model and parent. */
  async createTrainedVersion(tx: Transaction, trained: TrainedVersion): Promise<PolicyVersion> {
    const { parentVersionId, modelId, trainingRunId } = trained;
    const { policyId } = await this.get(parentVersionId, tx);
    const version = await this.insert(tx, { policyId, modelId, endpoint: null, parentVersionId, origin: 'trained' });
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
    return this.models.loadCheckpoint(await this.modelOf(versionId));
  }

  /** As `ModelsService.loadConfig`. */
  async loadConfig(versionId: string): Promise<ModelConfig> {
    return this.models.loadConfig(await this.modelOf(versionId));
  }

  /** As `ModelsService.loadSmallFiles`. */
  async loadSmallFiles(versionId: string): Promise<FileMap> {
    return this.models.loadSmallFiles(await this.modelOf(versionId));
  }

  private async modelOf(versionId: string): Promise<string> {
    const { modelId } = await this.get(versionId);
    if (modelId === null) throw noWeights('/policyVersionId', versionId);
    return modelId;
  }

  private async insert(
    tx: Transaction,
    version: Pick<PolicyVersion, 'policyId' | 'modelId' | 'endpoint' | 'parentVersionId' | 'origin'>,
  ): Promise<PolicyVersion> {
    const inserted = await this.versions.insertNext(tx, { id: newId(), ...version });
    if (version.modelId !== null)
      await this.lineage.link(tx, { type: 'model', id: version.modelId }, { type: 'policy_version', id: inserted.id }, 'weights');
    return inserted;
  }
}

/** The problem of training or scoring with an endpoint. */
export function noWeights(pointer: string, versionId: string): ProblemException {
  const message = 'this policy version is an endpoint and has no stored weights: it cannot be trained or used for scoring';
  return unprocessable('policy_version_without_weights', pointer, 'hasWeights', message, versionId);
}
