import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A language model that is being aligned; what can be run are its versions. */
@Entity('policies')
export class Policy {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @Column('text', { nullable: true })
  description: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** A name that moves from version to version, such as `production`. */
@Entity('policy_aliases')
export class PolicyAlias {
  @PrimaryColumn('uuid')
  policyId: string;

  @PrimaryColumn('text')
  alias: string;

  @Column('uuid')
  policyVersionId: string;

  @Column('timestamptz')
  updatedAt: Date;
}

/** A model that is served elsewhere, by an API of OpenAI's form (OpenAI, vLLM, Ollama, llama.cpp, TGI). */
export const endpointApis = ['chat', 'completions'] as const;
export type EndpointApi = (typeof endpointApis)[number];

export interface PolicyEndpoint {
  /** Base URL, to which /chat/completions or /completions is appended; without a trailing slash. */
  baseUrl: string;
  /** Name of the model on the server. */
  model: string;
  api: EndpointApi;
  /** Variable of the worker's environment that holds the key; null sends none. */
  apiKeyEnv: string | null;
  /** Maximum number of parallel requests. */
  maxConcurrency: number;
  /** Timeout of one request, in seconds. */
  timeoutSeconds: number;
}

export const policyVersionOrigins = ['uploaded', 'trained', 'endpoint'] as const;
export type PolicyVersionOrigin = (typeof policyVersionOrigins)[number];

/** An immutable policy version: either stored weights or an endpoint. Numbers count from 1 within the policy, without gaps. */
@Entity('policy_versions')
export class PolicyVersion {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  policyId: string;

  @Column('integer')
  number: number;

  /** null when `endpoint` serves the model. */
  @Column('uuid', { nullable: true })
  modelId: string | null;

  @Column('jsonb', { nullable: true })
  endpoint: PolicyEndpoint | null;

  /** The version that training started from. */
  @Column('uuid', { nullable: true })
  parentVersionId: string | null;

  @Column('text')
  origin: PolicyVersionOrigin;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
