import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsPositive, Max, Min } from 'class-validator';
import { weightFormats, type WeightFormat } from '#src/lm/files/weight-formats.js';
import { OptimizerSettingsDto } from '../optimizer-settings.dto.js';
import { rolloutDefaults as defaults } from '#src/rl/settings.js';

/** What the methods that sample completions can be told. */
export class RolloutSettingsDto extends OptimizerSettingsDto {
  @ApiPropertyOptional({ default: defaults.learningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  learningRate?: number;

  @ApiPropertyOptional({ type: 'integer', default: defaults.steps })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100_000)
  steps?: number;

  @ApiPropertyOptional({ type: 'integer', default: defaults.promptsPerStep })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1024)
  promptsPerStep?: number;

  /** Completions per prompt. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.groupSize })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(64)
  groupSize?: number;

  /** Longest completion, in tokens. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.maxTokens })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  maxTokens?: number;

  @ApiPropertyOptional({ default: defaults.temperature })
  @IsOptional()
  @IsNumber()
  @Min(0.1)
  @Max(5)
  temperature?: number;

  @ApiPropertyOptional({ default: defaults.topP })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  topP?: number;

  /**
   * In which the policy writes its completions: `int8` and `int4` hold the layers' linear maps in 8 or 4 bits, with less memory to read for
   * each token. What they write counts by truncated importance sampling; evaluations write with full weights.
   */
  @ApiPropertyOptional({ enum: weightFormats, enumName: 'WeightFormat', default: defaults.rolloutWeights })
  @IsOptional()
  @IsIn(weightFormats)
  rolloutWeights?: WeightFormat;

  /** With `rolloutWeights` other than `f32`: the most that the ratio of full to few bits lets a token (RLOO: a completion) count. */
  @ApiPropertyOptional({ default: defaults.rolloutRatioMax })
  @IsOptional()
  @IsNumber()
  @Min(1)
  @Max(100)
  rolloutRatioMax?: number;

  @ApiPropertyOptional({ default: defaults.clipLow })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  clipLow?: number;

  @ApiPropertyOptional({ default: defaults.clipHigh })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(10)
  clipHigh?: number;

  /** Optimizer steps on the completions of one step. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.innerEpochs })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(16)
  innerEpochs?: number;

  @ApiPropertyOptional({ type: 'integer', default: defaults.warmupSteps })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(100_000)
  warmupSteps?: number;

  /** Keep completions that were cut off out of the loss. */
  @ApiPropertyOptional({ default: defaults.maskTruncated })
  @IsOptional()
  @IsBoolean()
  maskTruncated?: boolean;

  /** Taken off the reward of a completion of `maxTokens`, in proportion for shorter ones. */
  @ApiPropertyOptional({ default: defaults.lengthPenalty })
  @IsOptional()
  @IsNumber()
  @Min(0)
  lengthPenalty?: number;

  /** Taken off the reward of a completion that found no end within `maxTokens`. */
  @ApiPropertyOptional({ default: defaults.missingEosPenalty })
  @IsOptional()
  @IsNumber()
  @Min(0)
  missingEosPenalty?: number;

  /**
   * The run ends at the step at which KL(policy || start) exceeds this, in nats per token, and keeps the last weights
   * within it. null: no budget.
   */
  @ApiPropertyOptional({ type: Number, nullable: true, default: defaults.klBudget, example: 0.5 })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  klBudget?: number | null;

  /** Prompts of the evaluation set (or else of the practice set), from its beginning, whose answers are scored before and after. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.evaluationPrompts })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  evaluationPrompts?: number;
}
