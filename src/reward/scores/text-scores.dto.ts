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
  /** Of the text in the request. */
  @ApiProperty({ type: 'integer', example: 0 })
  index: number;

  /** The reward; null until it is computed, as are the three below. */
  @ApiProperty({ type: Number, nullable: true, example: 1.73 })
  score: number | null;

  /** 1 is the best of the texts with this prompt; equal scores share a rank. */
  @ApiProperty({ type: 'integer', nullable: true, example: 1 })
  rank: number | null;

  /** (score - mean) / deviation of the rewards in the reward model's evaluation; null also when it has none. */
  @ApiProperty({ type: Number, nullable: true, example: 0.84 })
  normalizedScore: number | null;

  /** Standard deviation of what the members of an ensemble say; null for a single one. */
  @ApiProperty({ type: Number, nullable: true, example: 0.21 })
  disagreement: number | null;
}

/** With 202 the job still scores, and asking again answers from what it kept. */
export class TextScoresDto {
  @ApiProperty({ format: 'uuid' })
  rewardModelId: string;

  /** The job that scored or scores what was missing; null when nothing was. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  /** Whether every text has its score. */
  complete: boolean;

  /** In the order of the request. */
  @ApiProperty({ type: [TextScoreDto] })
  scores: TextScoreDto[];
}
