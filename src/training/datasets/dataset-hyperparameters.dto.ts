import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { datasetDefaults as defaults } from '#src/rl/settings.js';
import { OptimizerSettingsDto } from '../optimizer-settings.dto.js';

/** What the methods that learn from recorded completions can be told. */
export class DatasetSettingsDto extends OptimizerSettingsDto {
  /** Passes over the training split; each ends with an evaluation. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.epochs })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  epochs?: number;

  /** Ends training before the epochs do. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: defaults.maxSteps, example: 200 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxSteps?: number | null;

  /** Completions per optimizer step; those of a prompt stay together. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.batchSize })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1024)
  batchSize?: number;

  /** Longest prompt with its completion, in tokens; a longer completion loses its end. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.maxTokens })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1_000_000)
  maxTokens?: number;

  /** Share of the steps in which the learning rate rises from 0. */
  @ApiPropertyOptional({ default: defaults.warmupRatio })
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
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: defaults.trainedLayers, example: 8 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  trainedLayers?: number | null;
}
