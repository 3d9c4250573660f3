import { ApiExtraModels, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn, IsOptional, ValidateIf, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { GrpoHyperparametersDto } from '../grpo/grpo-hyperparameters.dto.js';
import { PpoHyperparametersDto } from '../ppo/ppo-hyperparameters.dto.js';
import {
  rewardSourceDiscriminator,
  rewardSourceModels,
  rewardSourcesSchema,
  UnknownRewardSource,
  type RewardSourceDto,
} from '../rewards/reward-sources.dto.js';
import { RlooHyperparametersDto } from '../rloo/rloo-hyperparameters.dto.js';

/** What the methods that learn from their own completions are given: rewards by `rewardModelId` or by `rewards`. */
@ApiExtraModels(...rewardSourceModels)
export class RolloutRunInputsDto {
  /** Where the policy starts; also the reference of the KL. */
  @IsUUID()
  policyVersionId: string;

  /** The only source of reward; must be trained. Short for `rewards` with one reward model. */
  @ApiPropertyOptional({ format: 'uuid' })
  @ValidateIf((run: RolloutRunInputsDto) => run.rewards === undefined || run.rewardModelId !== undefined)
  @IsUUID()
  rewardModelId?: string;

  /** Sources of reward, whose scores are added up by their weights. */
  @ApiPropertyOptional(rewardSourcesSchema)
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(16)
  @ValidateNested({ each: true })
  @Type(() => UnknownRewardSource, { keepDiscriminatorProperty: true, discriminator: rewardSourceDiscriminator })
  rewards?: RewardSourceDto[];

  /** Prompts to practise on; keep the held-out ones apart. */
  @IsUUID()
  promptSetId: string;

  /**
   * Prompts that are never practised on, for the rewards before and after, `eval_reward` and the best weights. Without
   * them the first prompts of `promptSetId` are taken, which shows what was memorised too.
   */
  @IsOptional()
  @IsUUID()
  evaluationPromptSetId?: string;
}

/** Fine-tunes a policy version by group relative policy optimization against rewards. */
export class CreateGrpoRunDto extends RolloutRunInputsDto {
  @ApiProperty({ enum: ['grpo'], example: 'grpo' })
  @IsIn(['grpo'])
  method: 'grpo';

  @IsOptional()
  @ValidateNested()
  @Type(() => GrpoHyperparametersDto)
  hyperparameters?: GrpoHyperparametersDto;
}

/** Fine-tunes a policy version by REINFORCE with a leave-one-out baseline against rewards. */
export class CreateRlooRunDto extends RolloutRunInputsDto {
  @ApiProperty({ enum: ['rloo'], example: 'rloo' })
  @IsIn(['rloo'])
  method: 'rloo';

  @IsOptional()
  @ValidateNested()
  @Type(() => RlooHyperparametersDto)
  hyperparameters?: RlooHyperparametersDto;
}

/** Fine-tunes a policy version by proximal policy optimization, with a value model of its own, against rewards. */
export class CreatePpoRunDto extends RolloutRunInputsDto {
  @ApiProperty({ enum: ['ppo'], example: 'ppo' })
  @IsIn(['ppo'])
  method: 'ppo';

  @IsOptional()
  @ValidateNested()
  @Type(() => PpoHyperparametersDto)
  hyperparameters?: PpoHyperparametersDto;
}
