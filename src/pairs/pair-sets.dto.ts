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
  /** Ratings under this version are used. Must be published. */
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

  /** Ratings of pilots too, which tried out the version while it was a draft. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  includePilots?: boolean;

  /** Ratings of gold items too, whose right score was known beforehand. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  includeGold?: boolean;

  /** `all` pairs of each prompt, or a seeded random `sample` of `pairsPerPrompt`. */
  @ApiPropertyOptional({ enum: pairStrategies, enumName: 'PairStrategy', default: 'all' })
  @IsOptional()
  @IsIn(pairStrategies)
  strategy?: PairStrategy;

  /** At most so many pairs of each prompt; needed for `sample`, and only there. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100_000, example: 8 })
  @ValidateIf((dto: CreatePairSetDto) => dto.strategy === 'sample' || (dto.pairsPerPrompt ?? undefined) !== undefined)
  @IsInt()
  @Min(1)
  @Max(100_000)
  pairsPerPrompt?: number;

  /** Decides the sample, the split and the order of kept ties. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 2_147_483_647, default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  seed?: number;

  /**
   * How several ratings of one completion become one score: their `mean` or `median`; what most of them give
   * (`majority`; the mean of several such levels); or a mean in which each labeler weighs as reliable as they are
   * (`reliability-weighted`; needs completions that several labelers judged; weighs votes of rankings and comparisons too).
   */
  @ApiPropertyOptional({ enum: scoreAggregations, enumName: 'ScoreAggregation', default: 'mean' })
  @IsOptional()
  @IsIn(scoreAggregations)
  aggregation?: ScoreAggregation;

  /**
   * Whether pairs get a `weight`, which trainers use: with `reliability`, how reliable the judgements behind a pair are
   * together, between 0 and 1. Goes with any aggregation; needs completions that several labelers judged.
   */
  @ApiPropertyOptional({ enum: pairWeightKinds, enumName: 'PairWeightKind', default: 'none' })
  @IsOptional()
  @IsIn(pairWeightKinds)
  pairWeights?: PairWeightKind;

  /** What becomes of two completions with equal scores, or with as many votes for one as for the other. Kept ties come in an order that the seed decides. */
  @ApiPropertyOptional({ enum: tiePolicies, enumName: 'TiePolicy', default: 'drop' })
  @IsOptional()
  @IsIn(tiePolicies)
  ties?: TiePolicy;

  /** Smallest difference of scores that makes a pair. Does not concern kept ties. */
  @ApiPropertyOptional({ minimum: 0, default: 0 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  minimumMargin?: number;

  /** Completions that fewer labelers rated are left out, and so are votes on a pair that fewer of them judged. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000, default: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  minimumRatings?: number;

  /** Share of prompts, chosen by a hash of prompt and seed, whose pairs are kept for evaluation. */
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

  /** Left out where pairs have no weights. */
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

  /** The job that builds it. */
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

  /** Null until built. */
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

/** What a build would make of the ratings as they are now. */
export class PairSetPreviewDto {
  @ApiProperty({ type: 'integer' })
  ratings: number;

  @ApiProperty({ type: 'integer' })
  completions: number;

  @ApiProperty({ type: 'integer' })
  prompts: number;

  /** All pairs of completions of one prompt, ties among them. */
  @ApiProperty({ type: 'integer' })
  possiblePairs: number;

  /** Pairs that rankings and comparisons decide. */
  @ApiProperty({ type: 'integer' })
  decidedByPreference: number;

  /** Possible pairs with equal scores, dropped or not. */
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
  /** Place in the set, from 0. */
  @ApiProperty({ type: 'integer', example: 0 })
  ordinal: number;

  @ApiProperty({ format: 'uuid' })
  promptId: string;

  @ApiProperty({ enum: splits, enumName: 'Split' })
  split: Split;

  /** True when both scored the same; which one is called chosen is then the seed's doing. */
  tie: boolean;

  @ApiProperty({ type: PairSideDto })
  chosen: PairSideDto;

  @ApiProperty({ type: PairSideDto })
  rejected: PairSideDto;

  /** Of chosen and rejected: 1 for the preferred, 0 for the other, 0.5 and 0.5 for a tie. */
  @ApiProperty({ type: [Number], example: [1, 0] })
  labels: number[];

  /** How reliable the judgements behind the pair are together; null unless the set has `pairWeights`. */
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

  /** Ratings of the set that are theirs. */
  @ApiProperty({ type: 'integer', example: 214 })
  ratings: number;

  /**
   * Quadratically weighted kappa between their answers and the true levels, as estimated: 1 is always right, 0 what
   * chance gives. Null where all ratings of the set are alike.
   */
  @ApiProperty({ type: Number, nullable: true, example: 0.71 })
  reliability: number | null;

  /** reliability / (1 - reliability), held between 0.05 and 19. Only ratios of weights count. @example 2.448242 */
  weight: number;

  /** Rankings and comparisons of the set that are theirs. */
  @ApiProperty({ type: 'integer', example: 96 })
  preferences: number;

  /** The same over the orders (worse, tied, better) of two completions. */
  @ApiProperty({ type: Number, nullable: true, example: 0.64 })
  preferenceReliability: number | null;

  /** What their votes weigh; null in sets built before votes had weights. */
  @ApiProperty({ type: Number, nullable: true, example: 1.777344 })
  preferenceWeight: number | null;
}

export class PairSetLabelerWeightPage extends PageOf(PairSetLabelerWeightDto) {}
