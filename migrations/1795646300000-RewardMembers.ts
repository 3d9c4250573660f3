import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Pairs may weigh differently; a reward model has members, each a trained model, and a verdict. */
export class RewardMembers1795646300000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE pairs ADD COLUMN IF NOT EXISTS weight double precision CHECK (weight >= 0)');
    await q.query('ALTER TABLE reward_models ADD COLUMN verdict jsonb');
    await q.query(`
      CREATE TABLE reward_model_members (
        reward_model_id uuid NOT NULL REFERENCES reward_models,
        member integer NOT NULL CHECK (member >= 0),
        model_id uuid NOT NULL REFERENCES models,
        training jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (reward_model_id, member)
      )`);
    // What earlier trainings did without being asked.
    await q.query(`
      UPDATE reward_models SET hyperparameters = '{"ties": "ignore", "tieThreshold": 0.5, "pairWeights": "recorded",
        "lengthDebias": "none", "earlyStopping": null, "members": 1}' || hyperparameters`);
    await q.query(earlierEvaluations);
    await q.query(`
      INSERT INTO reward_model_members (reward_model_id, member, model_id, training)
      SELECT id, 0, model_id, jsonb_build_object(
        'steps', evaluation->'steps', 'keptStep', evaluation->'steps', 'ended', NULL, 'pairs', evaluation->'trainPairs',
        'truncatedTexts', evaluation->'truncatedTexts', 'lengthBias', NULL)
      FROM reward_models WHERE model_id IS NOT NULL AND evaluation IS NOT NULL`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE reward_model_members');
    await q.query('ALTER TABLE reward_models DROP COLUMN verdict');
    await q.query(`UPDATE reward_models SET hyperparameters =
      hyperparameters - 'ties' - 'tieThreshold' - 'pairWeights' - 'lengthDebias' - 'earlyStopping' - 'members'`);
    await q.query('ALTER TABLE pairs DROP COLUMN weight');
  }
}

/** What can still be told of an evaluation that was made before; a null is what nobody measured. */
const earlierEvaluations = `
  UPDATE reward_models SET evaluation = jsonb_build_object(
    'calibration', jsonb_build_object('temperature', 1, 'errorBefore', evaluation->'calibrationError', 'errorAfter', NULL, 'bins', '[]'::jsonb),
    'bestNull', jsonb_build_object('rule', 'longest', 'gain', jsonb_build_object(
      'value', (evaluation#>>'{accuracy,value}')::float8 - coalesce((evaluation#>>'{nulls,longest}')::float8, 0.5),
      'low', (evaluation#>>'{accuracy,low}')::float8 - coalesce((evaluation#>>'{nulls,longest}')::float8, 0.5),
      'high', (evaluation#>>'{accuracy,high}')::float8 - coalesce((evaluation#>>'{nulls,longest}')::float8, 0.5))),
    'trainAccuracy', NULL, 'lengthCorrelation', NULL, 'slices', '[]'::jsonb, 'disagreement', NULL,
    'members', jsonb_build_array(jsonb_build_object('member', 0, 'accuracy', evaluation#>'{accuracy,value}', 'rewardMean', evaluation->'rewardMean'))
  ) || evaluation
  WHERE evaluation IS NOT NULL`;
