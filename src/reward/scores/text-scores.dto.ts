import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsString, MaxLength, ValidateNested } from 'class-validator';
import { IsStorable } from '#src/common/storable.js';

const maximumTexts = 256;
const maximumCharacters = 100_000;

/** A prompt with a completion, as plain text. */
export class ScorableTextDto {
  /** @example Name a river. */
  @IsString()
  @MaxLength(maximumCharacters)
  @IsStorable()
  prompt: string;

  /** @example The Oder. */
  @IsString()
  @MaxLength(maximumCharacters)
  @IsStorable()
  completion: string;
}

export class ScoreTextsDto {
  @ApiProperty({ type: [ScorableTextDto], maxItems: maximumTexts })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(maximumTexts)
  @ValidateNested({ each: true })
  @Type(() => ScorableTextDto)
  texts: ScorableTextDto[];
}

export class TextScoreDto {
  /** Index of the text in the request. */
  @ApiProperty({ type: 'integer', example: 0 })
  index: number;

  /** The reward; null until computed, as are the next three fields. */
  @ApiProperty({ type: Number, nullable: true, example: 1.73 })
  score: number | null;

  /** Rank among the texts with the same prompt; 1 is best, equal scores share a rank. */
  @ApiProperty({ type: 'integer', nullable: true, example: 1 })
  rank: number | null;

  /** (score - mean) / deviation, with mean and deviation of the reward model's evaluation; null also if not evaluated. */
  @ApiProperty({ type: Number, nullable: true, example: 0.84 })
  normalizedScore: number | null;

  /** Standard deviation of the member scores of an ensemble; null for a single member. */
  @ApiProperty({ type: Number, nullable: true, example: 0.21 })
  disagreement: number | null;
}

/** With 202 the job still scores, and asking again answers from what it kept. */
export class TextScoresDto {
  @ApiProperty({ format: 'uuid' })
  rewardModelId: string;

  /** Job that computes the missing scores; null: none were missing. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  /** Whether all texts are scored. */
  complete: boolean;

  /** Scores in the order of the request. */
  @ApiProperty({ type: [TextScoreDto] })
  scores: TextScoreDto[];
}
