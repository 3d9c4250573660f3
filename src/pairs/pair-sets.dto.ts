import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import type { LabelerWeight } from './labeler-weights.repository.js';
import {
  pairStrategies,
  pairWeightKinds,
  scoreAggregations,
  splits,
  tiePolicies,
  type PairSetConfig,
  type PairStrategy,
  type PairWeightKind,
  type ScoreAggregation,
  type Split,
  type TiePolicy,
} from './pair-set-config.js';

export class CreatePairSetDto {
  /** Published criterion version whose ratings are used. */
  @IsUUID()
  criterionVersionId: string;

  /** Only completions of the prompts of this set. */
  @IsOptional()
  @IsUUID()
  promptSetId?: string;

  /** Only completions of this batch. */
  @IsOptional()
  @IsUUID()
  completionBatchId?: string;

  /** Only ratings of these labelers. */
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(10_000)
  @IsUUID(undefined, { each: true })
  labelerIds?: string[];

  /** Whether to include ratings from pilots of the version. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  includePilots?: boolean;

  /** Whether to include ratings of gold items. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  includeGold?: boolean;

  /** Pairs per prompt: `all`, or a seeded random `sample` of `pairsPerPrompt`. */
  @ApiPropertyOptional({ enum: pairStrategies, enumName: 'PairStrategy', default: 'all' })
  @IsOptional()
  @IsIn(pairStrategies)
  strategy?: PairStrategy;

  /** Maximum number of pairs per prompt; required for `sample`, otherwise not allowed. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100_000, example: 8 })
  @ValidateIf((dto: CreatePairSetDto) => dto.strategy === 'sample' || (dto.pairsPerPrompt ?? undefined) !== undefined)
  @IsInt()
  @Min(1)
  @Max(100_000)
  pairsPerPrompt?: number;

  /** Seed of the sample, the split and the order of kept ties. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 2_147_483_647, default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  seed?: number;

  /**
   * Aggregation of several ratings of a completion into one score: `mean`, `median`, `majority` (the most common level; the mean of
   * several such levels), or `reliability-weighted` (a mean weighted by labeler reliability, which also weights votes of rankings and
   * comparisons; needs completions judged by several labelers).
   */
  @ApiPropertyOptional({ enum: scoreAggregations, enumName: 'ScoreAggregation', default: 'mean' })
  @IsOptional()
  @IsIn(scoreAggregations)
  aggregation?: ScoreAggregation;

  /**
   * Whether pairs get a `weight`, which trainers use. `reliability`: the combined reliability of the judgements behind a pair, from 0 to
   * 1. Works with any aggregation; needs completions judged by several labelers.
   */
  @ApiPropertyOptional({ enum: pairWeightKinds, enumName: 'PairWeightKind', default: 'none' })
  @IsOptional()
  @IsIn(pairWeightKinds)
  pairWeights?: PairWeightKind;

  /** Treatment of two completions with equal scores or equal votes. The order of kept ties is random, by the seed. */
  @ApiPropertyOptional({ enum: tiePolicies, enumName: 'TiePolicy', default: 'drop' })
  @IsOptional()
  @IsIn(tiePolicies)
  ties?: TiePolicy;

  /** Minimum score difference of a pair; does not apply to kept ties. */
  @ApiPropertyOptional({ minimum: 0, default: 0 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  minimumMargin?: number;

  /** Minimum number of labelers: completions rated by fewer are left out, and so are votes on a pair judged by fewer. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000, default: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  minimumRatings?: number;

  /** Share of prompts held out for evaluation, by a hash of prompt and seed. */
  @ApiPropertyOptional({ minimum: 0, maximum: 0.9, default: 0.2 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.9)
  evalFraction?: number;
}

export class PairSetConfigDto implements PairSetConfig {
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  promptSetId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  completionBatchId: string | null;

  @ApiProperty({ type: [String], format: 'uuid', nullable: true })
  labelerIds: string[] | null;

  includePilots: boolean;

  includeGold: boolean;

  @ApiProperty({ enum: pairStrategies, enumName: 'PairStrategy' })
  strategy: PairStrategy;

  @ApiProperty({ type: 'integer', nullable: true })
  pairsPerPrompt: number | null;

  @ApiProperty({ type: 'integer', example: 0 })
  seed: number;

  @ApiProperty({ enum: scoreAggregations, enumName: 'ScoreAggregation' })
  aggregation: ScoreAggregation;

  /** Omitted if pairs have no weights. */
  @ApiPropertyOptional({ enum: pairWeightKinds, enumName: 'PairWeightKind' })
  pairWeights?: PairWeightKind;

  @ApiProperty({ enum: tiePolicies, enumName: 'TiePolicy' })
  ties: TiePolicy;

  minimumMargin: number;

  @ApiProperty({ type: 'integer', example: 1 })
  minimumRatings: number;

  /** @example 0.2 */
  evalFraction: number;
}

export class PairSetDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** Job that builds the set. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  @ApiProperty({ type: PairSetConfigDto })
  config: PairSetConfigDto;

  /** sha256 over the configuration and every pair in order; null until built. */
  @ApiProperty({ type: String, nullable: true })
  contentHash: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 18736 })
  pairCount: number | null;

  /** When it was built; null until built. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  builtAt: Date | null;

  createdAt: Date;
}

export class PairSetPage extends PageOf(PairSetDto) {}

export class PreviewSplitDto {
  @ApiProperty({ type: 'integer' })
  pairs: number;

  @ApiProperty({ type: 'integer' })
  ties: number;

  @ApiProperty({ type: 'integer' })
  prompts: number;
}

export class PreviewSplitsDto {
  @ApiProperty({ type: PreviewSplitDto })
  train: PreviewSplitDto;

  @ApiProperty({ type: PreviewSplitDto })
  eval: PreviewSplitDto;
}

/** Counts of a build from the current ratings. */
export class PairSetPreviewDto {
  @ApiProperty({ type: 'integer' })
  ratings: number;

  @ApiProperty({ type: 'integer' })
  completions: number;

  @ApiProperty({ type: 'integer' })
  prompts: number;

  /** All pairs of completions of one prompt, including ties. */
  @ApiProperty({ type: 'integer' })
  possiblePairs: number;

  /** Number of pairs decided by rankings and comparisons. */
  @ApiProperty({ type: 'integer' })
  decidedByPreference: number;

  /** Number of possible pairs with equal scores, dropped or not. */
  @ApiProperty({ type: 'integer' })
  tiesFound: number;

  @ApiProperty({ type: 'integer' })
  pairs: number;

  @ApiProperty({ type: PreviewSplitsDto })
  splits: PreviewSplitsDto;
}

export class PairSideDto {
  @ApiProperty({ format: 'uuid' })
  completionId: string;

  text: string;

  /** Aggregated score of the completion. @example 4.5 */
  score: number;
}

/** Two completions of one prompt, the preferred one first. */
export class PairDto {
  /** Position in the set, from 0. */
  @ApiProperty({ type: 'integer', example: 0 })
  ordinal: number;

  @ApiProperty({ format: 'uuid' })
  promptId: string;

  @ApiProperty({ enum: splits, enumName: 'Split' })
  split: Split;

  /** Whether both have the same score; the seed then decides which one is called chosen. */
  tie: boolean;

  @ApiProperty({ type: PairSideDto })
  chosen: PairSideDto;

  @ApiProperty({ type: PairSideDto })
  rejected: PairSideDto;

  /** Labels of chosen and rejected: 1 and 0, or 0.5 and 0.5 for a tie. */
  @ApiProperty({ type: [Number], example: [1, 0] })
  labels: number[];

  /** Combined reliability of the judgements behind the pair; null: the set has no `pairWeights`. */
  @ApiProperty({ type: Number, nullable: true, example: 0.83 })
  weight: number | null;
}

export class PairPage extends PageOf(PairDto) {}

export class PairsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: splits, enumName: 'Split' })
  @IsOptional()
  @IsIn(splits)
  split?: Split;
}

/** Messages by the names that chat APIs and TRL use (`tool_calls`, `tool_call_id`). */
const textOrMessages = { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'object', additionalProperties: true } }] };

/** A line of an export, in TRL's preference format: plain or conversational. */
export class ExportedPairDto {
  /** A text, or the messages of a conversation. */
  @ApiProperty({ ...textOrMessages, example: 'When does the shop open?' })
  prompt: string | object[];

  /** The completion that was preferred; a list of one assistant message if the prompt is a conversation. */
  @ApiProperty({ ...textOrMessages, example: 'At nine.' })
  chosen: string | object[];

  @ApiProperty({ ...textOrMessages, example: 'Soon, I think.' })
  rejected: string | object[];

  /** Of a conversation that offers tools. */
  @ApiPropertyOptional({ type: 'array', items: { type: 'object', additionalProperties: true } })
  tools?: object[];
}

export class ExportQuery {
  /** Only the pairs of one split. */
  @ApiPropertyOptional({ enum: splits, enumName: 'Split' })
  @IsOptional()
  @IsIn(splits)
  split?: Split;
}

class PairSetLabelerWeightDto implements LabelerWeight {
  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  /** Number of ratings by the labeler in the set. */
  @ApiProperty({ type: 'integer', example: 214 })
  ratings: number;

  /**
   * Estimated quadratically weighted kappa between the labeler's answers and the true levels: 1 is always right, 0 is chance. Null: all
   * ratings of the set are equal.
   */
  @ApiProperty({ type: Number, nullable: true, example: 0.71 })
  reliability: number | null;

  /** reliability / (1 - reliability), clipped to 0.05 to 19. Only ratios of weights matter. @example 2.448242 */
  weight: number;

  /** Number of rankings and comparisons by the labeler in the set. */
  @ApiProperty({ type: 'integer', example: 96 })
  preferences: number;

  /** The same reliability for orders (worse, tied, better) of two completions. */
  @ApiProperty({ type: Number, nullable: true, example: 0.64 })
  preferenceReliability: number | null;

  /** Weight of the labeler's votes; null in sets built before votes had weights. */
  @ApiProperty({ type: Number, nullable: true, example: 1.777344 })
  preferenceWeight: number | null;
}

export class PairSetLabelerWeightPage extends PageOf(PairSetLabelerWeightDto) {}
