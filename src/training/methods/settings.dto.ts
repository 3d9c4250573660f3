import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsPositive, Max, Min, ValidateNested } from 'class-validator';
import { Nullable } from '#src/common/presence.js';
import { checkpointDefaults, keptWeights, type KeptWeights } from '#src/rl/checkpoints.js';
import { datasetDefaults, type LoraSettings, optimizerDefaults, type RateSchedule, rateSchedules, rolloutDefaults } from '#src/rl/settings.js';
import { Type } from 'class-transformer';
import { linearModules, type LinearModule } from '#src/lm/model/parameter-shapes.js';
import { LoraDropoutDto, OptimizerBaseDto } from '#src/reward/models/optimizer.dto.js';
import { weightFormats, type WeightFormat } from '#src/lm/files/weight-formats.js';

/** What all methods can be told about weights along the way. */
class CheckpointSettingsDto extends OptimizerBaseDto {
  /** Steps between checkpoints, each of which can be promoted; null keeps the end's alone. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: checkpointDefaults.checkpointEvery, example: 50 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  checkpointEvery?: number | null;

  /** Checkpoints that stay, the latest ones; the best one and those that became versions stay too. */
  @ApiPropertyOptional({ type: 'integer', default: checkpointDefaults.keepCheckpoints })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  keepCheckpoints?: number;

  /** Steps between evaluations on held-out data; `sft`, `dpo` and `kto` evaluate after each pass in any case. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: checkpointDefaults.evaluateEvery, example: 25 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  evaluateEvery?: number | null;

  /** Whether the last weights or those with the best evaluation become the next policy version. */
  @ApiPropertyOptional({ enum: keptWeights, enumName: 'KeptWeights', default: checkpointDefaults.keep })
  @IsOptional()
  @IsIn(keptWeights)
  keep?: KeptWeights;
}

class LoraSettingsDto extends LoraDropoutDto implements LoraSettings {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 1024, example: 8 })
  @IsInt()
  @Min(1)
  @Max(1024)
  rank: number;

  /** The factors' product is scaled by alpha / rank. @example 16 */
  @IsNumber()
  @IsPositive()
  alpha: number;

  /** Names of linear maps, as PEFT calls them. */
  @ApiProperty({
    enum: linearModules,
    enumName: 'LoraTargetModule',
    isArray: true,
    example: ['q_proj', 'v_proj'],
  })
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(linearModules, { each: true })
  targetModules: LinearModule[];
}

/** What all training methods can be told; all optional. */
class OptimizerSettingsDto extends CheckpointSettingsDto {
  /** Train low-rank factors, merged into the weights at the end; null trains all weights. */
  @ApiPropertyOptional({ type: () => LoraSettingsDto, nullable: true, default: null })
  @IsOptional()
  @Nullable()
  @ValidateNested()
  @Type(() => LoraSettingsDto)
  lora?: LoraSettingsDto | null;

  /** Of the learning rate after the warmup; linear and cosine end at zero. */
  @ApiPropertyOptional({ enum: rateSchedules, enumName: 'LearningRateSchedule', default: optimizerDefaults.schedule })
  @IsOptional()
  @IsIn(rateSchedules)
  schedule?: RateSchedule;

  @ApiPropertyOptional({ default: optimizerDefaults.weightDecay })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  weightDecay?: number;

  @ApiPropertyOptional({ type: 'integer', default: optimizerDefaults.seed })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  seed?: number;
}

/** What the methods that learn from recorded completions can be told. */
export class DatasetSettingsDto extends OptimizerSettingsDto {
  /** Passes over the training split; each ends with an evaluation. */
  @ApiPropertyOptional({ type: 'integer', default: datasetDefaults.epochs })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  epochs?: number;

  /** Ends training before the epochs do. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: datasetDefaults.maxSteps, example: 200 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxSteps?: number | null;

  /** Completions per optimizer step; those of a prompt stay together. */
  @ApiPropertyOptional({ type: 'integer', default: datasetDefaults.batchSize })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1024)
  batchSize?: number;

  /** Longest prompt with its completion, in tokens; a longer completion loses its end. */
  @ApiPropertyOptional({ type: 'integer', default: datasetDefaults.maxTokens })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1_000_000)
  maxTokens?: number;

  /** Share of the steps in which the learning rate rises from 0. */
  @ApiPropertyOptional({ default: datasetDefaults.warmupRatio })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  warmupRatio?: number;

  /**
   * Trains only the last so many layers, at most those of the model; null trains all of it. With `lora` the factors are in these
   * layers alone (PEFT's `layers_to_transform`). Without it the final norm and an untied LM head are trained as well, while
   * embeddings, and a head that is tied to them, stay as they are. What the frozen layers make of a text is computed once
   * and kept on disk.
   */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: datasetDefaults.trainedLayers, example: 8 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(10_000)
  trainedLayers?: number | null;
}

/** What the methods that sample completions can be told. */
export class RolloutSettingsDto extends OptimizerSettingsDto {
  @ApiPropertyOptional({ default: rolloutDefaults.learningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  learningRate?: number;

  @ApiPropertyOptional({ type: 'integer', default: rolloutDefaults.steps })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100_000)
  steps?: number;

  @ApiPropertyOptional({ type: 'integer', default: rolloutDefaults.promptsPerStep })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1024)
  promptsPerStep?: number;

  /** Completions per prompt. */
  @ApiPropertyOptional({ type: 'integer', default: rolloutDefaults.groupSize })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(64)
  groupSize?: number;

  /** Longest completion, in tokens. */
  @ApiPropertyOptional({ type: 'integer', default: rolloutDefaults.maxTokens })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  maxTokens?: number;

  @ApiPropertyOptional({ default: rolloutDefaults.temperature })
  @IsOptional()
  @IsNumber()
  @Min(0.1)
  @Max(5)
  temperature?: number;

  @ApiPropertyOptional({ default: rolloutDefaults.topP })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  topP?: number;

  /**
   * In which the policy writes its completions: `int8` and `int4` hold the layers' linear maps in 8 or 4 bits, with less memory to read for
   * each token. What they write counts by truncated importance sampling; evaluations write with full weights.
   */
  @ApiPropertyOptional({ enum: weightFormats, enumName: 'WeightFormat', default: rolloutDefaults.rolloutWeights })
  @IsOptional()
  @IsIn(weightFormats)
  rolloutWeights?: WeightFormat;

  /** With `rolloutWeights` other than `f32`: the most that the ratio of full to few bits lets a token (RLOO: a completion) count. */
  @ApiPropertyOptional({ default: rolloutDefaults.rolloutRatioMax })
  @IsOptional()
  @IsNumber()
  @Min(1)
  @Max(100)
  rolloutRatioMax?: number;

  @ApiPropertyOptional({ default: rolloutDefaults.clipLow })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  clipLow?: number;

  @ApiPropertyOptional({ default: rolloutDefaults.clipHigh })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(10)
  clipHigh?: number;

  /** Optimizer steps on the completions of one step. */
  @ApiPropertyOptional({ type: 'integer', default: rolloutDefaults.innerEpochs })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(16)
  innerEpochs?: number;

  @ApiPropertyOptional({ type: 'integer', default: rolloutDefaults.warmupSteps })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(100_000)
  warmupSteps?: number;

  /** Keep completions that were cut off out of the loss. */
  @ApiPropertyOptional({ default: rolloutDefaults.maskTruncated })
  @IsOptional()
  @IsBoolean()
  maskTruncated?: boolean;

  /** Taken off the reward of a completion of `maxTokens`, in proportion for shorter ones. */
  @ApiPropertyOptional({ default: rolloutDefaults.lengthPenalty })
  @IsOptional()
  @IsNumber()
  @Min(0)
  lengthPenalty?: number;

  /** Taken off the reward of a completion that found no end within `maxTokens`. */
  @ApiPropertyOptional({ default: rolloutDefaults.missingEosPenalty })
  @IsOptional()
  @IsNumber()
  @Min(0)
  missingEosPenalty?: number;

  /**
   * The run ends at the step at which KL(policy || start) exceeds this, in nats per token, and keeps the last weights
   * within it. null: no budget.
   */
  @ApiPropertyOptional({ type: Number, nullable: true, default: rolloutDefaults.klBudget, example: 0.5 })
  @IsOptional()
  @Nullable()
  @IsNumber()
  @IsPositive()
  klBudget?: number | null;

  /** Prompts of the evaluation set (or else of the practice set), from its beginning, whose answers are scored before and after. */
  @ApiPropertyOptional({ type: 'integer', default: rolloutDefaults.evaluationPrompts })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  evaluationPrompts?: number;
}
