// Uploaded artifacts as the files of a model: looked up, without duplicate names, and validated together.
import { Injectable } from '@nestjs/common';
import type { Artifact } from '#src/artifacts/artifact.entity.js';
import { ArtifactsService } from '#src/artifacts/artifacts.service.js';
import type { ModelFileRef } from '#src/artifacts/models.service.js';
import { unprocessable } from '#src/common/problem.js';
import type { ByteSource } from '#src/lm/files/byte-source.js';
import type { Head } from '#src/lm/model/config.js';
import { missingFile, readUploadedModel, type ReadModel } from './uploaded-model.js';

export interface UploadedModel extends ReadModel {
  files: ModelFileRef[];
}

@Injectable()
export class UploadedModelsService {
  constructor(private readonly artifacts: ArtifactsService) {}

  /**
   * @throws ProblemException 422 `model_file_duplicate`, `model_file_missing`, `unknown_artifact`, and those
   *   of `readUploadedModel`
   */
  async read(files: readonly { name: string; artifactId: string }[], head: Head): Promise<UploadedModel> {
    checkNames(files.map((file) => file.name));
    const found = new Map((await this.artifacts.getMany(files.map((f) => f.artifactId))).map((a) => [a.id, a]));
    const named = files.map(({ name, artifactId }, at) => {
      const artifact = found.get(artifactId);
      if (artifact) return { name, artifact };
      throw unprocessable('unknown_artifact', `/files/${at}/artifactId`, 'exists', 'no artifact has this id', artifactId);
    });
    const sources = named.map(({ name, artifact }) => [name, this.sourceOf(artifact)] as const);
    const read = await readUploadedModel(Object.fromEntries(sources), head);
    return { files: named.map(({ name, artifact }) => ({ name, artifactId: artifact.id, sha256: artifact.sha256 })), ...read };
  }

  /** Open only while it is read: there may be many shards. */
  private sourceOf(artifact: Artifact): ByteSource {
    const read = async (into: Uint8Array, at: number): Promise<void> => {
      const source = await this.artifacts.source(artifact);
      try {
        await source.read(into, at);
      } finally {
        await source.close();
      }
    };
    return { bytes: artifact.bytes, read };
  }
}

function checkNames(names: string[]): void {
  names.forEach((name, at) => {
    if (names.indexOf(name) === at) return;
    throw unprocessable('model_file_duplicate', `/files/${at}/name`, 'unique', `${name} is listed twice`, name);
  });
  const missing = missingFile(names);
  if (missing === undefined) return;
  throw unprocessable('model_file_missing', '/files', 'modelFile', `a model also needs ${missing}`);
}
