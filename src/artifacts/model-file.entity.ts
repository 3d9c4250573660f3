import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('model_files')
export class ModelFile {
  @PrimaryColumn('uuid')
  modelId: string;

  @PrimaryColumn('text')
  name: string;

  @Column('uuid')
  artifactId: string;
}
