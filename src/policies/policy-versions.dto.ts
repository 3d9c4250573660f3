import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsOptional, Matches, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf } from '#src/common/pagination.js';
import { PolicyEndpointDto, PolicyEndpointOptionsDto } from './policy-endpoint.dto.js';
import { maxModelFiles, modelFileName } from './uploaded-model.js';
import { policyVersionOrigins, type PolicyVersionOrigin } from './policy.entity.js';

export class PolicyVersionFileDto {
  /** File name: a text file of the checkpoint, `model.safetensors`, or a shard named in its index. */
  @ApiProperty({ pattern: modelFileName.source, example: 'model.safetensors' })
  @Matches(modelFileName)
  name: string;

  /** Id of an uploaded artifact. */
  @IsUUID()
  artifactId: string;
}

/** Either a Hugging Face checkpoint as files that were uploaded before, or an endpoint that serves a model. */
export class CreatePolicyVersionDto {
  /**
   * Files of the checkpoint. Required: config.json, tokenizer.json, and model.safetensors or shards with model.safetensors.index.json.
   * Optional: generation_config.json, tokenizer_config.json, chat_template.jinja.
   */
  @ApiPropertyOptional({ type: [PolicyVersionFileDto] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(maxModelFiles)
  @ValidateNested({ each: true })
  @Type(() => PolicyVersionFileDto)
  files?: PolicyVersionFileDto[];

  /** A model served elsewhere. It can generate completions; it cannot be trained or used as a reward model. */
  @ApiPropertyOptional({ type: PolicyEndpointOptionsDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => PolicyEndpointOptionsDto)
  endpoint?: PolicyEndpointOptionsDto;
}

export class PolicyVersionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  policyId: string;

  /** Counts from 1 within the policy. */
  @ApiProperty({ type: 'integer', example: 1 })
  number: number;

  /** Id of the stored model; null: an endpoint serves it. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  modelId: string | null;

  @ApiProperty({ type: PolicyEndpointDto, nullable: true })
  endpoint: PolicyEndpointDto | null;

  /** Version that training started from; null: not trained here. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  parentVersionId: string | null;

  @ApiProperty({ enum: policyVersionOrigins, enumName: 'PolicyVersionOrigin', example: 'trained' })
  origin: PolicyVersionOrigin;

  createdAt: Date;
}

export class PolicyVersionPage extends PageOf(PolicyVersionDto) {}
