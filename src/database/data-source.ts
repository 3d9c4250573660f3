import type { DataSourceOptions } from 'typeorm';
import { Init1795392000000 } from '../../migrations/1795392000000-Init.js';
import { SamplingFilters1795440000000 } from '../../migrations/1795440000000-SamplingFilters.js';
import { PolicyEndpoints1795443600000 } from '../../migrations/1795443600000-PolicyEndpoints.js';
import { TrainingMethods1795447200000 } from '../../migrations/1795447200000-TrainingMethods.js';
import { DomainEvents1795646100000 } from '../../migrations/1795646100000-DomainEvents.js';
import { Tenancy1795646101000 } from '../../migrations/1795646101000-Tenancy.js';
import { Webhooks1795646102000 } from '../../migrations/1795646102000-Webhooks.js';
import { LabelingBatches1795646200000 } from '../../migrations/1795646200000-LabelingBatches.js';
import { LabelerSessions1795646201000 } from '../../migrations/1795646201000-LabelerSessions.js';
import { PairSetPreferences1795646202000 } from '../../migrations/1795646202000-PairSetPreferences.js';
import { VendorTaskCompletions1795646299000 } from '../../migrations/1795646299000-VendorTaskCompletions.js';
import { RewardMembers1795646300000 } from '../../migrations/1795646300000-RewardMembers.js';
import { TextScores1795646301000 } from '../../migrations/1795646301000-TextScores.js';
import { RunSaves1795646400000 } from '../../migrations/1795646400000-RunSaves.js';
import { TrainingCheckpoints1795646401000 } from '../../migrations/1795646401000-TrainingCheckpoints.js';
import { RewardSources1795646500000 } from '../../migrations/1795646500000-RewardSources.js';
import { ComparisonProxies1795646600000 } from '../../migrations/1795646600000-ComparisonProxies.js';
import { Loops1795646601000 } from '../../migrations/1795646601000-Loops.js';
import { JudgedByLabelingBatches1795646602000 } from '../../migrations/1795646602000-JudgedByLabelingBatches.js';
import { LabelerWeights1795646700000 } from '../../migrations/1795646700000-LabelerWeights.js';
import { Quality1795646701000 } from '../../migrations/1795646701000-Quality.js';
import { EvaluationPrompts1795646702000 } from '../../migrations/1795646702000-EvaluationPrompts.js';
import { ScoresOfCompletion1795646789000 } from '../../migrations/1795646789000-ScoresOfCompletion.js';
import { RatingReferences1795646800000 } from '../../migrations/1795646800000-RatingReferences.js';
import { PreferenceWeights1795646801000 } from '../../migrations/1795646801000-PreferenceWeights.js';
import { EventRetention1795646802000 } from '../../migrations/1795646802000-EventRetention.js';
import { TrainedLayers1795646810000 } from '../../migrations/1795646810000-TrainedLayers.js';
import { GoldComparisons1795646870000 } from '../../migrations/1795646870000-GoldComparisons.js';
import { UploadedRewardModels1795646890000 } from '../../migrations/1795646890000-UploadedRewardModels.js';
import { CompletionBatchWeights1795646891000 } from '../../migrations/1795646891000-CompletionBatchWeights.js';
import { RewardAdapters1795646892000 } from '../../migrations/1795646892000-RewardAdapters.js';
import { KtoRuns1795646893000 } from '../../migrations/1795646893000-KtoRuns.js';
import { RowsIdempotentAnswers1795646900000 } from '../../migrations/1795646900000-RowsIdempotentAnswers.js';
import { RowsHeldDeliveries1795646901000 } from '../../migrations/1795646901000-RowsHeldDeliveries.js';
import { RowsContentClaims1795646902000 } from '../../migrations/1795646902000-RowsContentClaims.js';
import { acquireSeconds } from './ambient-data-source.js';
import { PromptTextKeys1795646905000 } from '../../migrations/1795646905000-PromptTextKeys.js';
import { CompletionTurns1795646907000 } from '../../migrations/1795646907000-CompletionTurns.js';
import { PromptConversations1795646906000 } from '../../migrations/1795646906000-PromptConversations.js';
import { StoreAndWorkers1795646900000 } from '../../migrations/1795646900000-StoreAndWorkers.js';
import { FailedCompletions1795646896000 } from '../../migrations/1795646896000-FailedCompletions.js';
import { DefaultNamingStrategy } from 'typeorm';

/** In the order in which they run. */
const migrations = [
  Init1795392000000,
  SamplingFilters1795440000000,
  PolicyEndpoints1795443600000,
  TrainingMethods1795447200000,
  DomainEvents1795646100000,
  Tenancy1795646101000,
  Webhooks1795646102000,
  LabelingBatches1795646200000,
  LabelerSessions1795646201000,
  PairSetPreferences1795646202000,
  VendorTaskCompletions1795646299000,
  RewardMembers1795646300000,
  TextScores1795646301000,
  RunSaves1795646400000,
  TrainingCheckpoints1795646401000,
  RewardSources1795646500000,
  ComparisonProxies1795646600000,
  Loops1795646601000,
  JudgedByLabelingBatches1795646602000,
  LabelerWeights1795646700000,
  Quality1795646701000,
  EvaluationPrompts1795646702000,
  ScoresOfCompletion1795646789000,
  RatingReferences1795646800000,
  PreferenceWeights1795646801000,
  EventRetention1795646802000,
  TrainedLayers1795646810000,
  GoldComparisons1795646870000,
  UploadedRewardModels1795646890000,
  CompletionBatchWeights1795646891000,
  RewardAdapters1795646892000,
  KtoRuns1795646893000,
  RowsIdempotentAnswers1795646900000,
  RowsHeldDeliveries1795646901000,
  PromptTextKeys1795646905000,
  PromptConversations1795646906000,
  CompletionTurns1795646907000,
  StoreAndWorkers1795646900000,
  FailedCompletions1795646896000,
  RowsContentClaims1795646902000,
];

/** @param poolSize connections that one process may hold */
export function dataSourceOptions(url: string, poolSize = 10): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    migrations,
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeNaming(),
    synchronize: false,
    poolSize,
    connectTimeoutMS: acquireSeconds * 1000,
    applicationName: 'plumbline',
    // Without this, the server keeps running the statement of a killed process and holds its locks.
    extra: { options: '-c client_connection_check_interval=5000' },
  };
}

/** camelCase in TypeScript, snake_case in SQL. */
class SnakeNaming extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return snake([...prefixes, customName ?? propertyName].join('_'));
  }
}

function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}
