/**
 * Which fields of a model's files change nothing that is computed here (docs/adr/0115). A field that is neither read nor
 * listed is refused by name, unless it is unset: a model that needs it would be computed differently without a word.
 */

/** A field without effect. */
export function isUnset(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** The first field that is set and not known; undefined when there is none. */
export function unknownField(json: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): string | undefined {
  return Object.keys(json).find((field) => !known.has(field) && !isUnset(json[field]));
}

const words = (text: string): string[] => text.trim().split(/\s+/);
export const fields = (...texts: string[]): ReadonlySet<string> => new Set(texts.flatMap(words));

/** Provenance, storage, speed and training: of every `config.json`. */
const aboutFile = `
  _name_or_path name_or_path _commit_hash transformers_version transformers.js_config peft_version unsloth_version unsloth_fixed
  torch_dtype dtype use_bfloat16 torchscript use_cache auto_map model_max_length max_sequence_length tokenizer_class
  _attn_implementation attn_implementation _attn_implementation_autoset _attn_implementation_internal _flash_attn_2_enabled
  _experts_implementation gradient_checkpointing chunk_size_feed_forward low_cpu_mem_usage use_flash_attn is_llama_config
  return_dict return_dict_in_generate output_attentions output_hidden_states output_past output_scores
  initializer_range attention_dropout hidden_dropout classifier_dropout problem_type finetuning_task task_specific_params tf_legacy_loss
  architectures model_type num_labels id2label label2id vocab_size tie_word_embeddings tie_encoder_decoder
  bos_token_id eos_token_id pad_token_id unk_token_id sep_token_id cls_token_id mask_token_id decoder_start_token_id prefix is_decoder`;

/** Defaults of decoding, which every request sets for itself; they lay in `config.json` once. */
const decoding = `
  do_sample early_stopping max_length max_new_tokens max_time min_length min_new_tokens min_p temperature top_k top_p typical_p epsilon_cutoff
  eta_cutoff top_h repetition_penalty encoder_repetition_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size length_penalty
  diversity_penalty num_beams num_beam_groups num_return_sequences penalty_alpha low_memory remove_invalid_values renormalize_logits`;

const rotary = `
  hidden_act hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim rms_norm_eps
  rope_theta rope_scaling rope_parameters rope_interleaved partial_rotary_factor max_position_embeddings original_max_position_embeddings
  attention_bias mlp_bias layer_types sliding_window use_sliding_window max_window_layers pretraining_tp`;

/** `summary_*` belongs to a head that neither of the two heads here has. */
const gpt2 = `
  activation_function n_embd n_inner n_layer n_head n_positions n_ctx layer_norm_epsilon scale_attn_weights
  scale_attn_by_inverse_layer_idx reorder_and_upcast_attn add_cross_attention attn_pdrop embd_pdrop resid_pdrop
  summary_activation summary_first_dropout summary_proj_to_labels summary_type summary_use_proj`;

export const configFields = { rotary: fields(aboutFile, decoding, rotary), gpt2: fields(aboutFile, decoding, gpt2) };

/** Within `rope_scaling` or `rope_parameters`. */
export const ropeFields = fields(
  'rope_type type rope_theta factor low_freq_factor high_freq_factor original_max_position_embeddings partial_rotary_factor',
);

/**
 * Of `generation_config.json`: the decoding defaults, and how tokens are computed faster. What bends the tokens whatever a
 * request says (`suppress_tokens`, `forced_bos_token_id`, `bad_words_ids`, `guidance_scale`, `stop_strings`) is not listed.
 */
export const generationFields = fields(
  decoding,
  `transformers_version _from_model_config use_cache trust_remote_code bos_token_id eos_token_id pad_token_id decoder_start_token_id
  assistant_confidence_threshold assistant_early_exit assistant_ensemble_weight assistant_lookbehind target_lookbehind is_assistant
  num_assistant_tokens num_assistant_tokens_schedule prompt_lookup_num_tokens max_matching_ngram_size speculation_type use_mtp
  cache_config cache_implementation compile_config disable_compile continuous_batching_config max_cache_len prefill_chunk_size
  output_attentions output_hidden_states output_logits output_scores return_dict_in_generate chat_format max_window_size`,
);

/**
 * Of `tokenizer_config.json`. Ids come from `tokenizer.json`, and texts are framed by the chat template, never by
 * `add_bos_token` and the like. Roles (`..._token`) are read by their ending.
 */
const tokenizerConfig = fields(`
  tokenizer_class processor_class auto_map name_or_path tokenizer_file vocab_file merges_file special_tokens_map_file use_fast from_slow
  backend is_local local_files_only trust_remote_code legacy legacy_behaviour sp_model_kwargs tokenizer_type vocab_size
  model_max_length max_length stride padding padding_side truncation truncation_side truncation_strategy pad_to_multiple_of
  pad_token_type_id model_input_names errors chat_template response_schema use_default_system_prompt clean_up_tokenization_spaces
  spaces_between_special_tokens add_bos_token add_eos_token add_prefix_space additional_special_tokens extra_special_tokens
  added_tokens_decoder split_special_tokens model_specific_special_tokens use_fast_tokenizer`);

export const unknownTokenizerField = (json: Readonly<Record<string, unknown>>): string | undefined =>
  unknownField(Object.fromEntries(Object.entries(json).filter(([field]) => !/_token(_id)?$/.test(field))), tokenizerConfig);
