import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsOptional, Matches, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf } from '#src/common/pagination.js';
import { PolicyEndpointDto, PolicyEndpointOptionsDto } from './policy-endpoint.dto.js';
import { maxModelFiles, modelFileName } from './uploaded-model.js';
import { policyVersionOrigins, type PolicyVersionOrigin } from './policy.entity.js';

export class PolicyVersionFileDto {
  /** A text of the checkpoint, `model.safetensors`, or a shard as its index names it. */
  @ApiProperty({ pattern: modelFileName.source, example: 'model.safetensors' })
  @Matches(modelFileName)
  name: string;

  /** An uploaded artifact. */
  @IsUUID()
  artifactId: string;
}

/** Either a Hugging Face checkpoint as files that were uploaded before, or an endpoint that serves a model. */
export class CreatePolicyVersionDto {
  /**
   * config.json, tokenizer.json and model.safetensors are needed, or in its place the shards with
   * model.safetensors.index.json; generation_config.json, tokenizer_config.json and chat_template.jinja are welcome.
   */
  @ApiPropertyOptional({ type: [PolicyVersionFileDto] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(maxModelFiles)
  @ValidateNested({ each: true })
  @Type(() => PolicyVersionFileDto)
  files?: PolicyVersionFileDto[];

  /** A model that is served elsewhere. It writes completions; it cannot be trained or score anything. */
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

  /** null when an endpoint serves the model. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  modelId: string | null;

  @ApiProperty({ type: PolicyEndpointDto, nullable: true })
  endpoint: PolicyEndpointDto | null;

  /** The version that training started from. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  parentVersionId: string | null;

  @ApiProperty({ enum: policyVersionOrigins, enumName: 'PolicyVersionOrigin', example: 'trained' })
  origin: PolicyVersionOrigin;

  createdAt: Date;
}

export class PolicyVersionPage extends PageOf(PolicyVersionDto) {}
