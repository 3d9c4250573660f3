import { defaultEarlyStopping as defaults, stoppingMetrics, type RewardEarlyStopping, type StoppingMetric } from '#src/rl/reward/early-stopping.js';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';

/** Ends training when it no longer helps on prompts it does not learn from; the best weights are kept. */
export class EarlyStoppingSettingsDto {
  @ApiPropertyOptional({ enum: stoppingMetrics, enumName: 'StoppingMetric', default: defaults.metric })
  @IsOptional()
  @IsIn(stoppingMetrics)
  metric?: StoppingMetric;

  /** Number of evaluations without improvement after which training ends. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.patience })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  patience?: number;

  /** Steps between evaluations. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.evaluateEvery })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  evaluateEvery?: number;

  /** Share of training prompts held out for early stopping, by hash. The evaluation split is not used. */
  @ApiPropertyOptional({ default: defaults.validationFraction })
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(0.5)
  validationFraction?: number;

  /** Smallest change that counts as an improvement. */
  @ApiPropertyOptional({ default: defaults.minImprovement })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  minImprovement?: number;
}

export class EarlyStoppingDto implements RewardEarlyStopping {
  @ApiProperty({ enum: stoppingMetrics, enumName: 'StoppingMetric' })
  metric: StoppingMetric;

  @ApiProperty({ type: 'integer', example: defaults.patience })
  patience: number;

  @ApiProperty({ type: 'integer', example: defaults.evaluateEvery })
  evaluateEvery: number;

  @ApiProperty({ example: defaults.validationFraction })
  validationFraction: number;

  @ApiProperty({ example: defaults.minImprovement })
  minImprovement: number;
}
