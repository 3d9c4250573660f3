import { ApiProperty } from '@nestjs/swagger';
import type { AdapterFile } from './artifact.entity.js';

/** A file of a PEFT folder; its bytes are at `/v1/artifacts/{artifactId}/content`. */
export class AdapterFileDto implements AdapterFile {
  /** @example adapter_model.safetensors */
  name: string;

  @ApiProperty({ format: 'uuid' })
  artifactId: string;
}
