import { ApiProperty } from '@nestjs/swagger';
import { AdapterFileDto } from '#src/artifacts/models.dto.js';
import { PageOf } from '#src/common/pagination.js';
import type { RewardModelMember } from './reward-model.entity.js';

const endings = ['no_improvement', 'diverged'] as const;

/** Why training ended before its last step. */
export class RewardEarlyEndDto {
  @ApiProperty({ enum: endings, enumName: 'RewardEarlyEndReason' })
  reason: (typeof endings)[number];

  /** The last completed step. */
  @ApiProperty({ type: 'integer', example: 120 })
  step: number;

  message: string;
}

/** One trained model of a reward model: an ensemble has several, any other one. */
export class RewardModelMemberDto {
  /** Index of the member, from 0, added to the seed of the hyperparameters. */
  @ApiProperty({ type: 'integer', example: 0 })
  member: number;

  /** Stored model, at `/v1/models/{modelId}`; low-rank factors are merged. */
  @ApiProperty({ format: 'uuid' })
  modelId: string;

  /** PEFT files of the low-rank factors and the head (`modules_to_save`); null: no LoRA. */
  @ApiProperty({ type: () => AdapterFileDto, isArray: true, nullable: true })
  adapter: AdapterFileDto[] | null;

  @ApiProperty({ type: 'integer', example: 200 })
  steps: number;

  /** Step whose weights were kept. */
  @ApiProperty({ type: 'integer', example: 160 })
  keptStep: number;

  @ApiProperty({ type: () => RewardEarlyEndDto, nullable: true })
  ended: RewardEarlyEndDto | null;

  createdAt: Date;
}

export class RewardModelMemberPage extends PageOf(RewardModelMemberDto) {}

export function memberDto({ member, modelId, adapter, training, createdAt }: RewardModelMember): RewardModelMemberDto {
  const { steps, keptStep, ended } = training;
  return { member, modelId, adapter, steps, keptStep, ended, createdAt };
}
