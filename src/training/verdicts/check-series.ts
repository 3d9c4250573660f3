/** Which metrics of the curve each check of an audit looked at: what to plot beside its finding. */
const seriesOfCheck: Readonly<Record<string, readonly string[]>> = {
  finite: ['loss', 'grad_norm'],
  loss_fall: ['loss', 'eval_loss'],
  overfitting: ['loss', 'eval_loss'],
  held_out: ['eval_loss', 'eval_reward'],
  shortened: [],
  preference_accuracy: ['rewards/accuracies', 'eval_rewards/accuracies'],
  margin_size: ['rewards/margins', 'eval_rewards/margins'],
  desirability_margin: ['rewards/margins', 'eval_rewards/margins'],
  reference_point: ['kl', 'eval_kl'],
  likelihood_displacement: ['logps/chosen', 'logps/rejected', 'eval_rewards/chosen'],
  reward_gain: ['reward', 'eval_reward'],
  kl_size: ['kl'],
  kl_slope: ['kl'],
  entropy_collapse: ['entropy'],
  zero_std_groups: ['frac_reward_zero_std'],
  step_size: ['policy/approxkl_avg', 'val/ratio'],
  clipping: ['policy/clipfrac_avg', 'clip_ratio/region_mean'],
  value_fit: ['val/var_explained', 'loss/value_avg'],
  truncation: ['completions/clipped_ratio'],
  length_gaming: ['completions/mean_length', 'reward_length_correlation', 'reward'],
  evaluation_gain: ['reward', 'eval_reward'],
  stopped_diverged: ['loss', 'grad_norm'],
  stopped_kl_budget: ['kl'],
};

/** Empty for a check that looks at no curve. */
export const seriesOf = (check: string): string[] => [...(seriesOfCheck[check] ?? [])];

export const knownChecks = Object.keys(seriesOfCheck);
