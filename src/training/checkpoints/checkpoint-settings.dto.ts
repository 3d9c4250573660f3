import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { checkpointDefaults as defaults, keptWeights, type KeptWeights } from '#src/rl/checkpoints.js';

/** What all methods can be told about weights along the way. */
export class CheckpointSettingsDto {
  /** Steps between checkpoints, each of which can be promoted; null keeps the end's alone. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: defaults.checkpointEvery, example: 50 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  checkpointEvery?: number | null;

  /** Checkpoints that stay, the latest ones; the best one and those that became versions stay too. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.keepCheckpoints })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  keepCheckpoints?: number;

  /** Steps between evaluations on held-out data; `sft` and `dpo` evaluate after each pass in any case. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: defaults.evaluateEvery, example: 25 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  evaluateEvery?: number | null;

  /** Whether the last weights or those with the best evaluation become the next policy version. */
  @ApiPropertyOptional({ enum: keptWeights, enumName: 'KeptWeights', default: defaults.keep })
  @IsOptional()
  @IsIn(keptWeights)
  keep?: KeptWeights;
}
