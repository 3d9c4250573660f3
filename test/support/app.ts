import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from 'node:http';
import { AppModule } from '#src/app.module.js';
import type { AuthContext } from '#src/auth/auth.js';
import { ApiKeysService } from '#src/auth/api-keys.service.js';
import { vendorScopes, type Scope, type VendorScope } from '#src/auth/scopes.js';
import { VendorsService } from '#src/auth/vendors/vendors.service.js';
import { newId } from '#src/common/id.js';
import { readConfig, type Config } from '#src/config/config.js';
import { createHttpApp } from '#src/http/http-app.js';
import { checkConformance } from './conformance.js';
import { dataDirs } from './data-dirs.js';
import { createTestDatabase, type TestDatabase } from './database.js';

export interface TestApp {
  app: NestFastifyApplication;
  /** For supertest: `request(t.http)`. */
  http: Server;
  config: Config;
  database: TestDatabase;
  adminKey: string;
  /** `{ Authorization: 'Bearer ...' }` of the admin key. */
  admin: { Authorization: string };
  keyWith(...scopes: Scope[]): Promise<{ Authorization: string }>;
  /** A key of a vendor; without scopes, one that may do all that a vendor may. */
  vendorKey(vendorId: string, ...scopes: VendorScope[]): Promise<{ Authorization: string }>;
  /** Id of a new vendor. */
  givenVendor(name?: string): Promise<string>;
  get<T>(type: Type<T>): T;
  close(): Promise<void>;
}

/** The API on a database (a fresh one by default) and an artifact folder of its own; `close` it in `afterAll`. */
export async function createTestApp(env: Record<string, string> = {}, given?: TestDatabase): Promise<TestApp> {
  const database = given ?? (await createTestDatabase());
  const dataDir = mkdtempSync(join(tmpdir(), 'plumbline-app-'));
  dataDirs.set(database.url, dataDir);
  const config = readConfig({ DATABASE_URL: database.url, PLUMBLINE_DATA_DIR: dataDir, LOG_LEVEL: 'silent', ...env });
  const app = await createHttpApp(AppModule.forRoot(config), config, false);
  checkConformance(app.getHttpAdapter().getInstance());
  await app.init();
  // Supertest would listen anew for each request, and two at once would both try to.
  await app.listen(0, '127.0.0.1');
  const keys = app.get(ApiKeysService, { strict: false });
  const header = (secret: string) => ({ Authorization: `Bearer ${secret}` });
  const { id: keyId, secret: adminKey } = await keys.create({ name: 'test admin', scopes: ['admin'] });
  const admin: AuthContext = { keyId, scopes: ['admin'], vendorId: null };
  return {
    app,
    http: app.getHttpServer(),
    config,
    database,
    adminKey,
    admin: header(adminKey),
    keyWith: async (...scopes) => header((await keys.create({ name: scopes.join(), scopes })).secret),
    vendorKey: async (vendorId, ...some) => {
      const granted = some.length > 0 ? some : [...vendorScopes];
      return header((await keys.create({ name: granted.join(), scopes: granted }, vendorId)).secret);
    },
    givenVendor: async (name = `vendor ${newId()}`) => (await app.get(VendorsService, { strict: false }).create(admin, { name })).id,
    get: (type) => app.get(type, { strict: false }),
    close: async () => {
      await app.close();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
