/** Codes that several operations share. */
const ratingReferences = ['completion_not_found', 'criterion_version_not_found', 'labeler_not_found'];
const scoreRules = ['score_out_of_scale', 'score_missing', 'score_is_computed', 'dimension_score_missing', 'dimension_unknown'];
const leases = ['task_lease_expired', 'task_not_leased_by_you', 'task_already_completed', 'labeling_batch_closed', 'labeling_batch_completed'];
const modelFiles = ['unknown_artifact', 'model_file_duplicate', 'model_file_missing', 'model_file_too_large', 'model_config_invalid', 'model_tokenizer_invalid', 'model_weights_invalid'];
const labelerNames = ['labeler_not_found'];
const sizes = ['training_does_not_fit', 'hyperparameters_impossible', 'lora_target_unknown'];
const rewardInputs = [...sizes, 'unknown_policy_version', 'unknown_pair_set', 'pair_set_empty', 'pair_set_one_prompt', 'validation_split_too_small', 'hyperparameters_conflict', 'max_tokens_impossible', 'policy_version_without_weights'];
const runInputs = [
  ...sizes, 'unknown_policy_version', 'policy_version_without_weights', 'unknown_prompt_set', 'unknown_pair_set', 'pair_set_empty', 'pair_set_one_prompt', 'nothing_held_out',
  'no_training_data', 'held_out_overlap', 'prompt_too_long', 'max_tokens_exceed_model', 'unknown_reward_model', 'reward_sources_ambiguous', 'reward_names_not_unique',
  'reward_model_without_scale', 'value_start_impossible', 'no_ratings', 'ratings_one_prompt', 'ratings_one_sided', 'threshold_off_scale', 'criterion_version_not_found', 'endpoint_address_private', 'endpoint_key_origin', 'endpoint_key_missing',
];
const pairSetReferences = ['criterion_version_not_found', 'prompt_set_not_found', 'completion_batch_not_found', 'labeler_not_found'];
const loopRules = [
  'gate_out_of_range', 'kl_budget_out_of_range', 'kl_budget_unsupported', 'kl_not_measured', 'quorum_out_of_range', 'agreement_out_of_range', 'agreement_needs_two_ratings',
  'reliability_needs_two_ratings', 'nothing_held_out', 'selection_needs_ensemble', 'not_enough_candidates', 'not_enough_prompts', 'criterion_version_not_found',
];
const notReady = { 409: ['pair_set_not_ready', 'pair_set_failed'] };

/**
 * Codes of problems that only some operations answer with, by operation and status. A path's own resource that is not there
 * (`policy_not_found` below /v1/policies/{id}) needs no entry. Tests fail on an answer whose code is not declared, and on a
 * code in the sources that no operation declares.
 */
export const problemCodes: Record<string, Record<number, readonly string[]>> = {
  vendors_create: { 409: ['vendor_exists'] },
  vendors_update: { 409: ['vendor_exists'] },
  vendorApiKeys_create: { 403: ['scope_not_held'] },
  vendorApiKeys_revoke: { 404: ['api_key_not_found'] },
  vendorApiKeys_rotate: { 403: ['scope_not_held'], 404: ['api_key_not_found'], 409: ['api_key_revoked', 'api_key_rotated', 'api_key_expired'] },
  apiKeys_rotate: { 409: ['api_key_revoked', 'api_key_rotated', 'api_key_expired'] },
  webhookEndpoints_create: { 409: ['too_many_webhook_endpoints'], 422: ['webhook_address_private', 'webhook_url_insecure'] },
  webhookEndpoints_update: { 422: ['webhook_address_private', 'webhook_url_insecure'] },
  webhookEndpoints_ping: { 409: ['webhook_endpoint_disabled'] },
  webhookDeliveries_get: { 404: ['webhook_delivery_not_found'] },
  webhookDeliveries_redeliver: { 404: ['webhook_delivery_not_found'], 409: ['webhook_endpoint_disabled'] },
  jobs_getOutcome: { 404: ['job_not_finished'] },
  jobs_streamEvents: { 400: ['invalid_last_event_id'] },
  jobs_cancel: { 409: ['job_not_cancellable'] },
  jobs_pause: { 409: ['job_not_pausable'] },
  jobs_resume: { 409: ['job_not_paused'] },
  jobs_retry: { 409: ['job_not_retryable'] },
  artifacts_upload: { 422: ['sha256_mismatch'] },
  artifacts_download: { 410: ['artifact_content_missing'], 416: ['range_not_satisfiable'] },
  prompts_create: { 409: ['external_id_conflict'] },
  promptSets_create: { 409: ['prompt_set_name_taken'], 422: ['duplicate_prompt', 'prompt_set_members', 'unknown_prompt'] },
  policies_create: { 409: ['policy_name_taken'] },
  policies_getAlias: { 404: ['policy_alias_not_found'] },
  policies_putAlias: { 422: ['invalid_alias', 'unknown_policy_version'] },
  policyVersions_create: { 422: [...modelFiles, 'policy_version_source', 'endpoint_address_private', 'endpoint_key_origin', 'endpoint_key_missing'] },
  completionBatches_create: { 422: ['unknown_policy_version', 'unknown_prompt_set', 'weights_format_impossible'] },
  completions_listScores: { 404: ['completion_not_found'] },
  criteria_create: { 409: ['criterion_exists'] },
  criteria_createVersion: { 409: ['pilot_missing'], 422: ['scale_not_increasing'] },
  criteria_getVersionAgreement: { 404: ['criterion_version_not_found'] },
  criteria_publishVersion: { 404: ['criterion_version_not_found'], 409: ['pilot_missing', 'pilot_unfinished', 'pilot_too_small', 'agreement_below_minimum'] },
  pilots_create: { 404: ['criterion_version_not_found'], 409: ['criterion_version_published'], 422: ['labeling_batch_empty', 'labeling_selection_missing', 'completion_not_found', 'vendor_not_found', 'too_many_tasks', 'too_many_completions_per_task'] },
  pilots_list: { 404: ['criterion_version_not_found'] },
  labelers_create: { 409: ['labeler_exists'], 422: ['vendor_not_found'] },
  labelers_getQuality: { 404: ['criterion_version_not_found', 'labeler_without_ratings'] },
  labelerSessions_create: { 404: ['labeling_batch_not_found'] },
  labelerSessions_revoke: { 404: ['labeler_session_not_found'] },
  labelerSessions_getCurrent: { 403: ['labeler_session_needed'] },
  ratings_create: { 409: ['external_id_conflict', 'criterion_version_not_published'], 422: [...ratingReferences, ...scoreRules] },
  ratings_supersede: { 409: ['already_superseded', 'external_id_conflict'], 422: scoreRules },
  rankings_create: { 409: ['external_id_conflict', 'criterion_version_not_published'], 422: [...ratingReferences, 'ranking_inconsistent'] },
  preferenceJudgements_create: { 409: ['external_id_conflict', 'criterion_version_not_published'], 422: [...ratingReferences, 'ranking_inconsistent'] },
  preferences_supersede: { 409: ['already_superseded', 'external_id_conflict'], 422: ['ranking_inconsistent'] },
  goldItems_create: { 409: ['gold_item_exists'], 422: ['completion_not_found', 'criterion_version_not_found', 'gold_expectation_invalid'] },
  labelingBatches_create: {
    409: ['criterion_version_not_published'],
    422: [
      'completion_not_found', 'criterion_version_not_found', 'vendor_not_found', 'gold_items_missing', 'labeling_batch_empty', 'labeling_selection_missing',
      'pairs_per_prompt_without_pairs', 'too_many_completions_per_task', 'too_many_tasks',
    ],
  },
  tasks_claim: { 403: ['session_of_other_labeler'], 409: ['labeling_batch_closed', 'labeling_batch_completed'], 422: labelerNames },
  tasks_list: { 403: ['session_of_other_labeler'], 422: labelerNames },
  tasks_heartbeat: { 409: leases },
  tasks_release: { 409: leases },
  tasks_skip: { 409: leases },
  tasks_submit: { 409: [...leases, 'external_id_conflict'], 422: [...scoreRules, 'ranking_inconsistent', 'score_contradicts_ranking', 'completion_not_in_task'] },
  tasks_correct: {
    409: ['labeling_batch_closed', 'not_your_last_answer', 'task_not_completed', 'already_superseded', 'external_id_conflict', 'task_not_leased_by_you'],
    422: [...scoreRules, 'ranking_inconsistent', 'score_contradicts_ranking', 'completion_not_in_task'],
  },
  pairSets_create: { 409: ['criterion_version_not_published'], 422: [...pairSetReferences, 'too_many_pairs'] },
  pairSets_preview: { 409: ['criterion_version_not_published'], 422: [...pairSetReferences, 'preview_unavailable'] },
  pairSets_listPairs: notReady,
  pairSets_getDiagnostics: notReady,
  pairSets_listLabelerWeights: notReady,
  pairSets_export: notReady,
  rewardModels_create: { 409: ['pair_set_not_ready', 'pair_set_failed', 'reward_model_exists'], 422: rewardInputs },
  rewardModels_plan: { 409: ['pair_set_not_ready', 'pair_set_failed'], 422: rewardInputs },
  rewardModels_upload: { 409: ['reward_model_exists'], 422: [...modelFiles, 'max_tokens_impossible'] },
  rewardModels_listMetrics: { 422: ['step_range_empty'] },
  rewardModels_score: { 404: ['prompt_not_found', 'completion_not_found'], 409: ['reward_model_not_trained', 'reward_model_failed'], 422: ['score_target', 'unknown_completion', 'too_many_completions', 'no_completions'] },
  rewardModels_scoreTexts: { 409: ['reward_model_not_trained', 'reward_model_failed'], 429: ['rate_limited', 'scoring_backlog_full'] },
  rewardModels_findDisagreement: { 404: ['completion_not_found'], 409: ['reward_model_not_an_ensemble', 'completions_not_scored', 'reward_model_not_trained', 'reward_model_failed'], 422: ['completion_of_other_prompt'] },
  trainingRuns_create: { 409: ['criterion_version_not_published', 'pair_set_not_ready', 'pair_set_failed', 'reward_model_not_trained', 'reward_model_failed'], 422: runInputs },
  trainingRuns_plan: { 409: ['criterion_version_not_published', 'pair_set_not_ready', 'pair_set_failed', 'reward_model_not_trained', 'reward_model_failed'], 422: runInputs },
  trainingRuns_listMetrics: { 422: ['step_range_empty'] },
  trainingRuns_promoteCheckpoint: { 404: ['training_checkpoint_not_found'], 409: ['training_checkpoint_dropped'], 422: ['invalid_alias'] },
  comparisons_create: {
    409: ['reward_model_not_trained', 'reward_model_failed', 'criterion_version_not_published'],
    422: [
      'same_policy_version', 'unknown_policy_version', 'unknown_prompt_set', 'prompt_set_too_small', 'prompt_set_too_large', 'unknown_reward_model', 'criterion_version_not_found',
      'vendor_not_found', 'proxy_without_people', 'held_out_overlap',
    ],
  },
  comparisons_listItems: { 409: ['comparison_not_complete'] },
  comparisons_createJudgement: { 409: ['already_judged', 'comparison_failed', 'comparison_not_ready', 'item_complete', 'not_for_labelers'], 422: ['item_not_found', 'labeler_not_found'] },
  comparisons_createJudgementBulk: { 409: ['comparison_failed', 'comparison_not_ready', 'not_for_labelers'] },
  loops_create: { 409: ['loop_name_taken', 'loop_alias_in_use', 'criterion_version_not_published', 'pair_set_not_ready', 'reward_model_not_trained', 'reward_model_failed'], 422: [...runInputs, ...loopRules, 'hyperparameters_conflict', 'invalid_alias', 'vendor_not_found', 'prompt_set_too_small', 'prompt_set_too_large', 'weights_format_impossible'] },
  loops_pause: { 409: ['loop_not_running'] },
  loops_resume: { 409: ['loop_not_resumable'] },
  loops_stop: { 409: ['loop_finished'] },
  loops_getIteration: { 404: ['loop_iteration_not_found'] },
  loops_listCompletions: { 404: ['loop_iteration_not_found'], 409: ['loop_nothing_to_rate'] },
};
