import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';

export class CreatePolicyDto {
  /** Unique. @example support-assistant */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name: string;

  /** @example Answers questions about given facts. */
  @IsOptional()
  @IsString()
  @Length(1, 2000)
  @IsStorable()
  description?: string;
}

export class PolicyDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example support-assistant */
  name: string;

  @ApiProperty({ type: String, nullable: true, example: 'Answers questions about given facts.' })
  description: string | null;

  createdAt: Date;
}

export class PolicyPage extends PageOf(PolicyDto) {}

export class PutPolicyAliasDto {
  /** Id of a version of this policy. */
  @IsUUID()
  policyVersionId: string;
}

export class PolicyAliasDto {
  @ApiProperty({ format: 'uuid' })
  policyId: string;

  /** @example production */
  alias: string;

  @ApiProperty({ format: 'uuid' })
  policyVersionId: string;

  updatedAt: Date;
}

export class PolicyAliasPage extends PageOf(PolicyAliasDto) {}
