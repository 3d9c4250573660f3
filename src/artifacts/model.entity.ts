import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from './artifact.entity.js';

/** A set of files that make a model: of a policy or a reward model. Two models never hold the same files. */
@Entity('models')
export class Model {
  @PrimaryColumn('uuid')
  id: string;

  /** sha256 over the names and contents of the files. */
  @Column('text')
  contentHash: string;

  @Column('text')
  architecture: string;

  @Column('bigint', { transformer: bigintAsNumber })
  parameterCount: number;

  @Column('jsonb')
  config: Record<string, unknown>;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

@Entity('model_files')
export class ModelFile {
  @PrimaryColumn('uuid')
  modelId: string;

  @PrimaryColumn('text')
  name: string;

  @Column('uuid')
  artifactId: string;
}
