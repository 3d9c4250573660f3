import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsPositive, Max, Min, ValidateNested } from 'class-validator';
import { Nullable } from '#src/common/presence.js';
import { checkpointDefaults, keptWeights, type KeptWeights } from '#src/rl/checkpoints.js';
import { datasetDefaults, type LoraSettings, optimizerDefaults, type RateSchedule, rateSchedules, rolloutDefaults } from '#src/rl/settings.js';
import { Type } from 'class-transformer';
import { linearModules, type LinearModule } from '#src/lm/model/parameter-shapes.js';
import { LoraDropoutDto, OptimizerBaseDto } from '#src/reward/models/optimizer.dto.js';
import { weightFormats, type WeightFormat } from '#src/lm/files/weight-formats.js';

/** Checkpoint settings of all methods. */
class CheckpointSettingsDto extends OptimizerBaseDto {
  /** Steps between checkpoints, each of which can be promoted; null: only the final weights are kept. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: checkpointDefaults.checkpointEvery, example: 50 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  checkpointEvery?: number | null;

  /** Number of latest checkpoints to keep. The best one and those promoted to versions are always kept. */
  @ApiPropertyOptional({ type: 'integer', default: checkpointDefaults.keepCheckpoints })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  keepCheckpoints?: number;

  /** Steps between evaluations on held-out data. `sft`, `dpo` and `kto` also evaluate after each epoch. */
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

  /** The product of the factors is scaled by alpha / rank. @example 16 */
  @IsNumber()
  @IsPositive()
  alpha: number;

  /** Linear layers to train, by PEFT name. */
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

/** Settings of all training methods; all optional. */
class OptimizerSettingsDto extends CheckpointSettingsDto {
  /** Low-rank factors to train, merged into the weights at the end; null: all weights are trained. */
  @ApiPropertyOptional({ type: () => LoraSettingsDto, nullable: true, default: null })
  @IsOptional()
  @Nullable()
  @ValidateNested()
  @Type(() => LoraSettingsDto)
  lora?: LoraSettingsDto | null;

  /** Learning rate schedule after the warmup; `linear` and `cosine` end at zero. */
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

/** Settings of the methods that learn from recorded completions. */
export class DatasetSettingsDto extends OptimizerSettingsDto {
  /** Number of passes over the training split; each ends with an evaluation. */
  @ApiPropertyOptional({ type: 'integer', default: datasetDefaults.epochs })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  epochs?: number;

  /** Maximum number of steps; can end training before all epochs are done. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: datasetDefaults.maxSteps, example: 200 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxSteps?: number | null;

  /** Completions per optimizer step; completions of a prompt stay together. */
  @ApiPropertyOptional({ type: 'integer', default: datasetDefaults.batchSize })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1024)
  batchSize?: number;

  /** Maximum length of prompt and completion together, in tokens; a longer completion loses its end. */
  @ApiPropertyOptional({ type: 'integer', default: datasetDefaults.maxTokens })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1_000_000)
  maxTokens?: number;

  /** Share of the steps during which the learning rate rises from 0. */
  @ApiPropertyOptional({ default: datasetDefaults.warmupRatio })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  warmupRatio?: number;

  /**
   * Number of last layers to train; null: all layers. With `lora`, only these layers have factors (PEFT's `layers_to_transform`). Without
   * `lora`, the final norm and an untied LM head are trained too; embeddings and a head tied to them are frozen. Outputs of the frozen
   * layers are computed once and cached on disk.
   */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: datasetDefaults.trainedLayers, example: 8 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(10_000)
  trainedLayers?: number | null;
}

/** Settings of the methods that sample completions. */
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

  /** Maximum length of a completion, in tokens. */
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
   * Weight format for sampling: `int8` and `int4` quantize the linear layers to 8 or 4 bits, which is faster. Truncated importance
   * sampling corrects for the difference. Evaluations use full weights.
   */
  @ApiPropertyOptional({ enum: weightFormats, enumName: 'WeightFormat', default: rolloutDefaults.rolloutWeights })
  @IsOptional()
  @IsIn(weightFormats)
  rolloutWeights?: WeightFormat;

  /** Cap of the importance ratio of a token (RLOO: a completion) when `rolloutWeights` is not `f32`. */
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

  /** Number of passes over the completions of one step. */
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

  /** Leave truncated completions out of the loss. */
  @ApiPropertyOptional({ default: rolloutDefaults.maskTruncated })
  @IsOptional()
  @IsBoolean()
  maskTruncated?: boolean;

  /** Penalty on the reward of a completion of `maxTokens` tokens; proportionally less for shorter ones. */
  @ApiPropertyOptional({ default: rolloutDefaults.lengthPenalty })
  @IsOptional()
  @IsNumber()
  @Min(0)
  lengthPenalty?: number;

  /** Penalty on the reward of a completion that does not end within `maxTokens`. */
  @ApiPropertyOptional({ default: rolloutDefaults.missingEosPenalty })
  @IsOptional()
  @IsNumber()
  @Min(0)
  missingEosPenalty?: number;

  /**
   * Limit of KL(policy || start) in nats per token. The run ends at the step that exceeds it and keeps the last weights within it. null:
   * no limit.
   */
  @ApiPropertyOptional({ type: Number, nullable: true, default: rolloutDefaults.klBudget, example: 0.5 })
  @IsOptional()
  @Nullable()
  @IsNumber()
  @IsPositive()
  klBudget?: number | null;

  /** Number of evaluation prompts, from the beginning of the evaluation set (without one: of the training set), scored before and after training. */
  @ApiPropertyOptional({ type: 'integer', default: rolloutDefaults.evaluationPrompts })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  evaluationPrompts?: number;
}
