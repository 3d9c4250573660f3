import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsUUID, ValidateNested } from 'class-validator';
import { PageOf } from '#src/common/pagination.js';
import { modelFileNames, type ModelFileName } from './uploaded-model.js';
import { policyVersionOrigins, type PolicyVersionOrigin } from './policy-version.entity.js';

export class PolicyVersionFileDto {
  @ApiProperty({ enum: modelFileNames, enumName: 'ModelFileName', example: 'model.safetensors' })
  @IsIn(modelFileNames)
  name: ModelFileName;

  /** An uploaded artifact. */
  @IsUUID()
  artifactId: string;
}

/** A Hugging Face checkpoint of the Llama family, as files that were uploaded before. */
export class CreatePolicyVersionDto {
  /** config.json, tokenizer.json and model.safetensors are needed, the others are welcome. */
  @IsArray()
  @ArrayMaxSize(modelFileNames.length)
  @ValidateNested({ each: true })
  @Type(() => PolicyVersionFileDto)
  files: PolicyVersionFileDto[];
}

export class PolicyVersionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  policyId: string;

  /** Counts from 1 within the policy. */
  @ApiProperty({ type: 'integer', example: 1 })
  number: number;

  @ApiProperty({ format: 'uuid' })
  modelId: string;

  /** The version that training started from. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  parentVersionId: string | null;

  @ApiProperty({ enum: policyVersionOrigins, enumName: 'PolicyVersionOrigin', example: 'trained' })
  origin: PolicyVersionOrigin;

  createdAt: Date;
}

export class PolicyVersionPage extends PageOf(PolicyVersionDto) {}
