import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsPositive,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { defaultSampling } from '#src/completions/sampling.js';
import { preferences, type Preference, type ComparisonJudge, type ComparisonSampling } from './comparison.entity.js';
import { ComparisonResultDto } from './comparison-results.dto.js';

const { temperature, topP, maxTokens, seed } = defaultSampling;
export const samplingDefaults: ComparisonSampling = { temperature, topP, maxTokens, seed };

export class ComparisonSamplingDto {
  /** Sampling temperature; 0: greedy decoding. */
  @ApiPropertyOptional({ default: samplingDefaults.temperature })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(5)
  temperature?: number;

  @ApiPropertyOptional({ default: samplingDefaults.topP })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  topP?: number;

  @ApiPropertyOptional({ type: 'integer', default: samplingDefaults.maxTokens })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  maxTokens?: number;

  /** Seed of the answers, the sides and the interval. Both versions answer a prompt with the same seed. */
  @ApiPropertyOptional({ type: 'integer', default: samplingDefaults.seed })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  seed?: number;
}

/** The version with the higher reward wins; equal rewards, so also equal texts, are a tie. */
export class RewardModelJudgeDto {
  @ApiProperty({ enum: ['reward-model'] })
  @IsIn(['reward-model'])
  type: 'reward-model';

  @IsUUID()
  rewardModelId: string;
}

/** People judge blind. Items with equal texts are shown too, so that their absence reveals nothing. */
export class LabelersJudgeDto {
  @ApiProperty({ enum: ['labelers'] })
  @IsIn(['labelers'])
  type: 'labelers';

  /** Number of judgements per item; the comparison is complete when every item has this many. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 100, example: 3 })
  @IsInt()
  @Min(1)
  @Max(100)
  judgementsPerItem: number;
}

/** People judge through a labeling batch in mode `compare`, which is made as soon as both versions have answered. */
export class LabelingBatchJudgeDto {
  @ApiProperty({ enum: ['labeling-batch'] })
  @IsIn(['labeling-batch'])
  type: 'labeling-batch';

  /** Published criterion version that answers are judged by. */
  @IsUUID()
  criterionVersionId: string;

  /** Vendors whose labelers may claim tasks, in addition to labelers without a vendor. */
  @ApiProperty({ type: [String], format: 'uuid', maxItems: 100 })
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  vendorIds: string[];

  /** Judgements per pair, each by a different labeler. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 100, example: 2 })
  @IsInt()
  @Min(1)
  @Max(100)
  overlap: number;
}

class UnknownJudge {
  @IsIn(['reward-model', 'labelers', 'labeling-batch'])
  type: string;
}

const judgeSchema = {
  oneOf: [RewardModelJudgeDto, LabelersJudgeDto, LabelingBatchJudgeDto].map((type) => ({ $ref: getSchemaPath(type) })),
  discriminator: {
    propertyName: 'type',
    mapping: {
      'reward-model': getSchemaPath(RewardModelJudgeDto),
      labelers: getSchemaPath(LabelersJudgeDto),
      'labeling-batch': getSchemaPath(LabelingBatchJudgeDto),
    },
  },
};

@ApiExtraModels(RewardModelJudgeDto, LabelersJudgeDto, LabelingBatchJudgeDto)
export class CreateComparisonDto {
  @IsUUID()
  baselineVersionId: string;

  @IsUUID()
  candidateVersionId: string;

  /** Held-out prompts: neither version was trained on them. */
  @IsUUID()
  promptSetId: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => ComparisonSamplingDto)
  sampling?: ComparisonSamplingDto;

  @ApiProperty(judgeSchema)
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => UnknownJudge, {
    keepDiscriminatorProperty: true,
    discriminator: {
      property: 'type',
      subTypes: [
        { name: 'reward-model', value: RewardModelJudgeDto },
        { name: 'labelers', value: LabelersJudgeDto },
        { name: 'labeling-batch', value: LabelingBatchJudgeDto },
      ],
    },
  })
  judge: RewardModelJudgeDto | LabelersJudgeDto | LabelingBatchJudgeDto;

  /** Id of a trained reward model that also judges the items, for comparison with the labelers. */
  @IsOptional()
  @IsUUID()
  proxyRewardModelId?: string;
}

const comparisonStates = ['generating', 'awaiting_judgements', 'complete', 'failed'] as const;
export type ComparisonState = (typeof comparisonStates)[number];

export class ComparisonErrorDto {
  @ApiProperty({ example: 'comparison_not_judged' })
  code: string;

  @ApiProperty({ example: 'the labeling batch was closed with 1 of 20 items judged: a result needs the items of at least 2 prompts' })
  detail: string;
}

@ApiExtraModels(RewardModelJudgeDto, LabelersJudgeDto, LabelingBatchJudgeDto)
export class ComparisonDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  jobId: string;

  @ApiProperty({ format: 'uuid' })
  baselineVersionId: string;

  @ApiProperty({ format: 'uuid' })
  candidateVersionId: string;

  @ApiProperty({ format: 'uuid' })
  promptSetId: string;

  sampling: ComparisonSamplingDto;

  @ApiProperty(judgeSchema)
  judge: ComparisonJudge;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  proxyRewardModelId: string | null;

  /** Labeling batch of a judge of type `labeling-batch`; null until both versions have answered. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  labelingBatchId: string | null;

  /**
   * A failed job leaves it at `generating`; see the job for the reason. If the labeling batch is closed early, the comparison is
   * `complete` over the judged items, or `failed` with fewer than two judged prompts.
   */
  @ApiProperty({ enum: comparisonStates, enumName: 'ComparisonState' })
  state: ComparisonState;

  @ApiProperty({ type: 'integer', example: 128 })
  itemCount: number;

  /** Number of prompts that a version could not answer. They have no item; more than a tenth fail the comparison. */
  @ApiProperty({ type: 'integer', example: 0 })
  missingCount: number;

  /** Number of items with all required judgements. */
  @ApiProperty({ type: 'integer', example: 128 })
  judgedItemCount: number;

  /** Why the comparison failed; null: it did not. */
  @ApiProperty({ type: () => ComparisonErrorDto, nullable: true })
  error: ComparisonErrorDto | null;

  /** Null until complete, so that nobody stops early at a favourable figure. */
  @ApiProperty({ type: () => ComparisonResultDto, nullable: true })
  result: ComparisonResultDto | null;

  createdAt: Date;
}

export class ComparisonPage extends PageOf(ComparisonDto) {}

export class ComparisonItemsQuery extends PageQuery {
  /** Also return which version is on which side, and the judgements. Needs a complete comparison and the scope `training:read`. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @Transform(({ obj }: { obj: Record<string, unknown> }) => flag(obj['reveal']))
  @IsBoolean()
  reveal?: boolean;
}

const flag = (text: unknown): unknown => (text === 'true' ? true : text === 'false' ? false : text);

export class ItemJudgementDto {
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  labelerId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  rewardModelId: string | null;

  @ApiProperty({ enum: preferences, enumName: 'Preference' })
  preference: Preference;
}

export class RevealedItemDto {
  @ApiProperty({ format: 'uuid' })
  promptId: string;

  @ApiProperty({ enum: ['left', 'right'], enumName: 'ComparisonSide' })
  candidateSide: 'left' | 'right';

  @ApiProperty({ format: 'uuid' })
  baselineCompletionId: string;

  @ApiProperty({ format: 'uuid' })
  candidateCompletionId: string;

  @ApiProperty({ type: [ItemJudgementDto] })
  judgements: ItemJudgementDto[];
}

export class ComparisonItemDto {
  @ApiProperty({ format: 'uuid' })
  itemId: string;

  /** @example Facts: Lena wakes up at ten. Question: When does Lena get up? */
  prompt: string;

  /** @example Lena gets up at ten. */
  left: string;

  /** @example No idea, ask somebody else. */
  right: string;

  /** Sides and judgements; only with `reveal`. */
  @ApiPropertyOptional({ type: () => RevealedItemDto })
  revealed?: RevealedItemDto;
}

export class ComparisonItemPage extends PageOf(ComparisonItemDto) {}

/** Names its labeler in exactly one of two ways. */
export class CreateJudgementDto {
  @IsUUID()
  itemId: string;

  /** Or give `labelerExternalId`. */
  @IsOptional()
  @IsUUID()
  labelerId?: string;

  /** @example worker-17 */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  labelerExternalId?: string;

  @ApiProperty({ enum: preferences, enumName: 'Preference' })
  @IsIn(preferences)
  preference: Preference;
}

export class JudgementDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  itemId: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  labelerId: string | null;

  /** Reward model that judged; null: a labeler judged. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  rewardModelId: string | null;

  @ApiProperty({ enum: preferences, enumName: 'Preference' })
  preference: Preference;

  createdAt: Date;
}
