import { rateSchedules, type RateSchedule, type LoraSettings } from '#src/rl/settings.js';
import { rewardObjectives, tieTreatments, type RewardObjective, type TieTreatment } from '#src/rl/reward/reward-graph.js';
import { pairWeightings, type PairWeighting } from '#src/rl/losses/pair-weights.js';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayNotEmpty, ArrayUnique, IsIn, IsInt, IsNumber, IsOptional, IsPositive, Max, Min, ValidateNested } from 'class-validator';
import { Nullable } from '#src/common/presence.js';
import { linearModules, type LinearModule } from '#src/lm/model/parameter-shapes.js';
import { EarlyStoppingDto, EarlyStoppingSettingsDto } from './early-stopping.dto.js';
import { LoraDropoutDto, OptimizerBaseDto } from './optimizer.dto.js';
import { rewardDefaults as defaults, defaultLora, lengthDebiasings, type LengthDebiasing, type RewardHyperparameters } from '#src/rl/methods/reward.js';

/** Low-rank adaptation; the factors are merged into the weights at the end. */
export class RewardLoraSettingsDto extends LoraDropoutDto {
  @ApiPropertyOptional({ type: 'integer', default: defaultLora.rank })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1024)
  rank?: number;

  /** LoRA scaling: the product of the factors is scaled by alpha / rank. Default: twice the rank. */
  @ApiPropertyOptional({ example: 32 })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  alpha?: number;

  @ApiPropertyOptional({ enum: linearModules, enumName: 'LoraTargetModule', isArray: true, default: linearModules })
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(linearModules, { each: true })
  targetModules?: LinearModule[];
}

/** Everything optional; the reward model shows what was taken. */
export class TrainingSettingsDto extends OptimizerBaseDto {
  /** `pairwise`: Bradley-Terry; `pointwise`: a binary classifier on labels 1 and 0. */
  @ApiPropertyOptional({ enum: rewardObjectives, enumName: 'RewardObjective', default: defaults.objective })
  @IsOptional()
  @IsIn(rewardObjectives)
  objective?: RewardObjective;

  @ApiPropertyOptional({ default: defaults.learningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  learningRate?: number;

  /** Number of passes over the training pairs. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.epochs })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  epochs?: number;

  /** Maximum number of steps; can end training before all epochs are done. */
  @ApiPropertyOptional({ type: 'integer', example: 200 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxSteps?: number;

  /** Completions per step. Completions of a prompt stay together, and all their pairs count. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.batchSize })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1024)
  batchSize?: number;

  /** Maximum text length in tokens. Longer texts lose the beginning of the prompt or the end of the completion. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.maxTokens })
  @IsOptional()
  @IsInt()
  @Min(8)
  @Max(32_768)
  maxTokens?: number;

  @ApiPropertyOptional({ type: RewardLoraSettingsDto, description: 'low-rank factors to train; default: all weights are trained' })
  @IsOptional()
  @ValidateNested()
  @Type(() => RewardLoraSettingsDto)
  lora?: RewardLoraSettingsDto;

  /**
   * Number of last layers to train, with the final norm and the reward head; embeddings and lower layers are frozen. null: all layers.
   * With `lora`, only these layers have factors. Outputs of the frozen layers are computed once and cached on disk.
   */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: defaults.trainedLayers, example: 8 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(10_000)
  trainedLayers?: number | null;

  @ApiPropertyOptional({ default: defaults.warmupRatio })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  warmupRatio?: number;

  @ApiPropertyOptional({ enum: rateSchedules, enumName: 'LearningRateSchedule', default: defaults.schedule })
  @IsOptional()
  @IsIn(rateSchedules)
  schedule?: RateSchedule;

  @ApiPropertyOptional({ default: defaults.weightDecay })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(10)
  weightDecay?: number;

  /** Coefficient of (r_chosen + r_rejected)^2, which keeps the mean reward near 0. */
  @ApiPropertyOptional({ default: defaults.centering })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(10)
  centering?: number;

  /** Assumed probability that a label is wrong. */
  @ApiPropertyOptional({ default: defaults.labelSmoothing })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.49)
  labelSmoothing?: number;

  /** Margin of the pairwise loss per point of score difference. */
  @ApiPropertyOptional({ default: defaults.marginPerPoint })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(100)
  marginPerPoint?: number;

  /**
   * Treatment of ties in the pair set: `ignore` leaves them out, `half` counts half a win for either side (target 0.5), `rao_kupper`
   * follows Rao & Kupper (1967; pairwise objective only).
   */
  @ApiPropertyOptional({ enum: tieTreatments, enumName: 'TieTreatment', default: defaults.ties })
  @IsOptional()
  @IsIn(tieTreatments)
  ties?: TieTreatment;

  /** Only for `rao_kupper`: reward differences below about this value count as ties. */
  @ApiPropertyOptional({ default: defaults.tieThreshold })
  @IsOptional()
  @IsNumber()
  @Min(0.001)
  @Max(10)
  tieThreshold?: number;

  /**
   * Weight of a pair: `recorded` in the pair set (default 1), `uniform`, its score difference (`margin`), or an equal share of its prompt,
   * with equal prompts (`prompt`).
   */
  @ApiPropertyOptional({ enum: pairWeightings, enumName: 'PairWeighting', default: defaults.pairWeights })
  @IsOptional()
  @IsIn(pairWeightings)
  pairWeights?: PairWeighting;

  /**
   * `product_of_experts`: training combines the reward with a length-only predictor, so that the reward learns what length does not
   * explain. Pairwise objective only.
   */
  @ApiPropertyOptional({ enum: lengthDebiasings, enumName: 'LengthDebiasing', default: defaults.lengthDebias })
  @IsOptional()
  @IsIn(lengthDebiasings)
  lengthDebias?: LengthDebiasing;

  @ApiPropertyOptional({ type: EarlyStoppingSettingsDto, description: 'early stopping; default: none' })
  @IsOptional()
  @ValidateNested()
  @Type(() => EarlyStoppingSettingsDto)
  earlyStopping?: EarlyStoppingSettingsDto;

  /** Number of ensemble members, trained with consecutive seeds. Scores are their mean and include their disagreement. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.members })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(16)
  members?: number;

  @ApiPropertyOptional({ type: 'integer', default: defaults.seed })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER - 16)
  seed?: number;
}

export class RewardLoraDto implements LoraSettings {
  @ApiProperty({ type: 'integer', example: 16 })
  rank: number;

  @ApiProperty({ example: 32 })
  alpha: number;

  @ApiProperty({ enum: linearModules, enumName: 'LoraTargetModule', isArray: true })
  targetModules: LinearModule[];

  @ApiPropertyOptional({ default: 0 })
  dropout?: number;
}

/** What a reward model is trained with. */
export class RewardHyperparametersDto implements RewardHyperparameters {
  @ApiProperty({ enum: rewardObjectives, enumName: 'RewardObjective' })
  objective: RewardObjective;

  @ApiProperty({ example: defaults.learningRate })
  learningRate: number;

  @ApiProperty({ type: 'integer', example: defaults.epochs })
  epochs: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 200 })
  maxSteps: number | null;

  @ApiProperty({ type: 'integer', example: defaults.batchSize })
  batchSize: number;

  @ApiProperty({ type: 'integer', example: defaults.maxTokens })
  maxTokens: number;

  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/RewardLoraDto' }, { type: 'null' }] })
  lora: RewardLoraDto | null;

  @ApiProperty({ type: 'integer', nullable: true, example: defaults.trainedLayers })
  trainedLayers: number | null;

  @ApiProperty({ example: defaults.warmupRatio })
  warmupRatio: number;

  @ApiProperty({ enum: rateSchedules, enumName: 'LearningRateSchedule' })
  schedule: RateSchedule;

  /** As given or as chosen when the training was created; null: the whole step at once. */
  @ApiProperty({ type: 'integer', nullable: true, example: 512 })
  microBatchTokens: number | null;

  @ApiProperty({ example: defaults.gradientCheckpointing })
  gradientCheckpointing: boolean;

  @ApiProperty({ example: defaults.weightDecay })
  weightDecay: number;

  @ApiProperty({ example: defaults.maxGradNorm })
  maxGradNorm: number;

  @ApiProperty({ example: defaults.centering })
  centering: number;

  @ApiProperty({ example: defaults.labelSmoothing })
  labelSmoothing: number;

  @ApiProperty({ example: defaults.marginPerPoint })
  marginPerPoint: number;

  @ApiProperty({ enum: tieTreatments, enumName: 'TieTreatment' })
  ties: TieTreatment;

  @ApiProperty({ example: defaults.tieThreshold })
  tieThreshold: number;

  @ApiProperty({ enum: pairWeightings, enumName: 'PairWeighting' })
  pairWeights: PairWeighting;

  @ApiProperty({ enum: lengthDebiasings, enumName: 'LengthDebiasing' })
  lengthDebias: LengthDebiasing;

  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/EarlyStoppingDto' }, { type: 'null' }] })
  earlyStopping: EarlyStoppingDto | null;

  @ApiProperty({ type: 'integer', example: defaults.members })
  members: number;

  @ApiProperty({ type: 'integer', example: defaults.seed })
  seed: number;
}
