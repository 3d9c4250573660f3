import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import { VerdictFindingDto } from '#src/common/findings.dto.js';
import { verdictStatuses, type VerdictStatus } from '#src/common/findings.js';
import { StoppedRunDto } from '../methods/run-bodies.dto.js';

/** A finding, and the metrics that it was read from. */
export class DiagnosticFindingDto extends VerdictFindingDto {
  @ApiProperty({ type: [String], example: ['kl'] })
  series: string[];
}

export class DiagnosticPointDto {
  /** The last step that the point covers. */
  @ApiProperty({ type: 'integer', example: 20 })
  step: number;

  @ApiProperty({ type: Number, nullable: true, example: 0.02 })
  mean: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.01 })
  min: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.04 })
  max: number | null;
}

export class DiagnosticSeriesDto {
  /** @example kl */
  name: string;

  @ApiProperty({ type: [DiagnosticPointDto] })
  points: DiagnosticPointDto[];
}

/** The verdict with all that it was read from. */
@ApiExtraModels(StoppedRunDto)
export class TrainingDiagnosticsDto {
  /** Status of the verdict; null until there is one. */
  @ApiProperty({ enum: verdictStatuses, enumName: 'VerdictStatus', nullable: true })
  status: VerdictStatus | null;

  /** Why the run ended early; null: it did not. */
  @ApiProperty({ type: StoppedRunDto, nullable: true })
  stopped: StoppedRunDto | null;

  @ApiProperty({ type: [DiagnosticFindingDto] })
  findings: DiagnosticFindingDto[];

  /** Metrics named in the findings, with at most 100 points each; all metrics until there is a verdict. */
  @ApiProperty({ type: [DiagnosticSeriesDto] })
  series: DiagnosticSeriesDto[];
}
