import { Column, CreateDateColumn, Entity, PrimaryColumn, type ValueTransformer } from 'typeorm';

/** Sizes and counts stay far below 2^53, so a number is exact. */
export const bigintAsNumber: ValueTransformer = {
  to: (value: number) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

/** A named file. Several artifacts may share one content. */
@Entity('artifacts')
export class Artifact {
  @PrimaryColumn('uuid')
  id: string;

  /** Purpose of the file: `model-file`, `pair-export` or any name given by the client. */
  @Column('text')
  kind: string;

  @Column('text')
  sha256: string;

  @Column('bigint', { transformer: bigintAsNumber })
  bytes: number;

  @Column('text')
  mediaType: string;

  @Column('text')
  fileName: string;

  @Column('jsonb')
  metadata: Record<string, unknown>;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** A file of a PEFT folder, as an artifact. */
export interface AdapterFile {
  name: string;
  artifactId: string;
}
