import { ApiProperty } from '@nestjs/swagger';
import type { AdapterFile } from './artifact.entity.js';

export class ModelFileDto {
  /** @example model.safetensors */
  name: string;

  @ApiProperty({ format: 'uuid' })
  artifactId: string;

  /** @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
  sha256: string;

  @ApiProperty({ type: 'integer', format: 'int64', example: 3145728 })
  bytes: number;
}

export class ModelDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** sha256 over file names and contents: equal for equal models. */
  contentHash: string;

  /** @example LlamaForCausalLM */
  architecture: string;

  @ApiProperty({ type: 'integer', format: 'int64', example: 786432 })
  parameterCount: number;

  /** The model's config.json. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { model_type: 'llama' } })
  config: Record<string, unknown>;

  @ApiProperty({ type: [ModelFileDto] })
  files: ModelFileDto[];

  createdAt: Date;
}

/** A file of a PEFT folder; its bytes are at `/v1/artifacts/{artifactId}/content`. */
export class AdapterFileDto implements AdapterFile {
  /** @example adapter_model.safetensors */
  name: string;

  @ApiProperty({ format: 'uuid' })
  artifactId: string;
}
