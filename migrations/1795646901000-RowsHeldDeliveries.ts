import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why a delivery that is due is not sent; which admin keys are the environment's. */
export class RowsHeldDeliveries1795646901000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_deliveries ADD COLUMN held_by text;
      ALTER TABLE api_keys ADD COLUMN from_environment boolean NOT NULL DEFAULT false;
      UPDATE api_keys SET from_environment = true, prefix = ''
        WHERE name = 'admin from the environment' AND vendor_id IS NULL AND scopes = '{admin}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_deliveries DROP COLUMN held_by;
      ALTER TABLE api_keys DROP COLUMN from_environment`);
  }
}
