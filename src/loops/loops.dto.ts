import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath, OmitType, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsInt, IsObject, IsOptional, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { LabelersJudgeDto, LabelingBatchJudgeDto } from '#src/comparisons/comparisons.dto.js';
import { PageOf } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { TrainingSettingsDto } from '#src/reward/models/hyperparameters.dto.js';
import type { LoopRequest } from './loop-config.js';
import { loopDefaults } from './loop-defaults.js';
import { LoopGateDto, LoopGenerationDto, LoopPairsDto, LoopRatingsDto, LoopRewardDto } from './loop-settings.dto.js';
import { loopStates, loopStatuses, type LoopState, type LoopStatus } from './loop-state.js';
import type { LoopError } from './loop.entity.js';
import { createRunTypes, type TrainingMethod } from '#src/training/methods/training-methods.js';

/** What `POST /training-runs` takes, without the inputs: those are the iteration's own. */
export interface LoopTrainingDto {
  method: TrainingMethod;
  hyperparameters?: object;
}

/** By method, checked by the same rules as the runs that they become. */
const loopTrainingTypes = Object.fromEntries(
  Object.entries(createRunTypes).map(([method, type]) => [method, settingsOf(method, type)]),
) as Record<TrainingMethod, new () => LoopTrainingDto>;

class UnknownTraining {
  @IsIn(Object.keys(createRunTypes))
  method: string;
}

const schemas = Object.entries(loopTrainingTypes).map(([method, type]) => [method, getSchemaPath(type)] as const);

const loopTrainingSchema = {
  oneOf: schemas.map(([, $ref]) => ({ $ref })),
  discriminator: { propertyName: 'method', mapping: Object.fromEntries(schemas) },
};

function settingsOf(method: string, type: (typeof createRunTypes)[TrainingMethod]): new () => LoopTrainingDto {
  const settings = PickType(type as new () => LoopTrainingDto, ['method', 'hyperparameters']);
  Object.defineProperty(settings, 'name', { value: `Loop${method[0].toUpperCase()}${method.slice(1)}TrainingDto` });
  return settings;
}

const judges = [
  { name: 'labelers', value: LabelersJudgeDto },
  { name: 'labeling-batch', value: LabelingBatchJudgeDto },
];

class PeopleJudge {
  @IsIn(judges.map(({ name }) => name))
  type: string;
}

@ApiExtraModels(...Object.values(loopTrainingTypes), LabelersJudgeDto, LabelingBatchJudgeDto)
class LoopSettingsDto {
  /** Maximum number of iterations. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: loopDefaults.iterations })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  iterations?: number;

  @IsDefined()
  @ValidateNested()
  @Type(() => LoopGenerationDto)
  generation: LoopGenerationDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => LoopRatingsDto)
  ratings?: LoopRatingsDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => LoopPairsDto)
  pairs?: LoopPairsDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => LoopRewardDto)
  reward?: LoopRewardDto;

  /** Training run of each iteration. */
  @ApiProperty(loopTrainingSchema)
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => UnknownTraining, {
    keepDiscriminatorProperty: true,
    discriminator: {
      property: 'method',
      subTypes: Object.entries(loopTrainingTypes).map(([name, value]) => ({ name, value })),
    },
  })
  training: LoopTrainingDto;

  /** People who compare the new version with the old one; never the reward model that trained it. */
  @ApiProperty({
    oneOf: judges.map(({ value }) => ({ $ref: getSchemaPath(value) })),
    discriminator: { propertyName: 'type', mapping: Object.fromEntries(judges.map(({ name, value }) => [name, getSchemaPath(value)])) },
  })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => PeopleJudge, { keepDiscriminatorProperty: true, discriminator: { property: 'type', subTypes: judges } })
  judge: LabelersJudgeDto | LabelingBatchJudgeDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => LoopGateDto)
  gate?: LoopGateDto;

  /** Seed of the drawn prompts, the answers and the pairs; each iteration adds its number. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 2_147_000_000, default: loopDefaults.seed })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_147_000_000)
  seed?: number;
}

export class CreateLoopDto extends LoopSettingsDto implements LoopRequest {
  /** Unique. @example helpfulness */
  @IsString()
  @Length(1, 100)
  @IsStorable()
  name: string;

  /** Policy version with stored weights that the first iteration starts from. */
  @IsUUID()
  policyVersionId: string;

  /** Alias that points to the winner after each promotion; only one active loop may use it. */
  @ApiPropertyOptional({ default: 'best', example: 'best' })
  @IsOptional()
  @IsString()
  alias?: string;

  /** Published criterion version that answers are rated under. */
  @IsUUID()
  criterionVersionId: string;

  /** Prompt set for training and rating. */
  @IsUUID()
  promptSetId: string;

  /** Prompt set of the blind comparisons; none of its texts may be in the training prompt set. */
  @IsUUID()
  heldOutPromptSetId: string;
}

export class LoopErrorDto implements LoopError {
  /** Code of the job's error or of the refused request. @example training_does_not_fit */
  code: string;

  detail: string;

  /** The failed job, which `resume` retries. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;
}

export class LoopDto extends OmitType(LoopSettingsDto, ['reward'] as const) {
  /** Reward model hyperparameters as given. */
  @ApiProperty({ type: TrainingSettingsDto })
  reward: TrainingSettingsDto;

  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example helpfulness */
  name: string;

  @ApiProperty({ format: 'uuid' })
  policyId: string;

  /** @example best */
  alias: string;

  @ApiProperty({ format: 'uuid' })
  firstVersionId: string;

  /** The last promoted version; at first `firstVersionId`. */
  @ApiProperty({ format: 'uuid' })
  currentVersionId: string;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  @ApiProperty({ format: 'uuid' })
  promptSetId: string;

  @ApiProperty({ format: 'uuid' })
  heldOutPromptSetId: string;

  @ApiProperty({ enum: loopStatuses, enumName: 'LoopStatus' })
  status: LoopStatus;

  /** Current state of the iteration. */
  @ApiProperty({ enum: loopStates, enumName: 'LoopState' })
  state: LoopState;

  /** Counts from 1. */
  @ApiProperty({ type: 'integer', example: 1 })
  iteration: number;

  /** Job that the state waits for; null: none. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  @ApiProperty({ type: LoopErrorDto, nullable: true })
  error: LoopErrorDto | null;

  /** Version number of the loop, increased by every change. */
  @ApiProperty({ type: 'integer', example: 7 })
  version: number;

  createdAt: Date;

  updatedAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;
}

export class LoopPage extends PageOf(LoopDto) {}
