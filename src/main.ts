// The API process. It expects a database: `npm start` brings the embedded one, DATABASE_URL any other.
import 'reflect-metadata';
import { AppModule } from './app.module.js';
import { ApiKeysService } from './auth/api-keys.service.js';
import { ConfigError } from './config/config.js';
import { createHttpApp } from './http/http-app.js';
import { PinoLogger } from './http/logger.js';
import { portTaken } from './process/port-owner.js';
import { prepare, run, stopWithParent } from './process/process.js';

await run(async () => {
  const config = await prepare();
  const app = await createHttpApp(AppModule.forRoot(config), config, new PinoLogger(config, 'api'));
  stopWithParent(() => app.close());
  const keys = app.get(ApiKeysService, { strict: false });
  if (config.adminKey) await keys.ensureAdmin(config.adminKey);
  const firstKey = config.adminKey ? null : await keys.createFirstAdmin();
  await app.listen(config.port, config.host).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') throw new ConfigError([await portTaken(config.host, config.port)]);
    throw error.code ? new ConfigError([`cannot listen on HOST ${config.host} and PORT ${config.port}: ${error.message}`]) : error;
  });
  const { port } = app.getHttpServer().address() as { port: number };
  const url = `http://${config.host === '0.0.0.0' ? 'localhost' : config.host}:${port}`;
  // The supervisor prints these; without one, the key must still be shown somewhere, this once.
  if (process.send) process.send({ ready: true, url, firstKey });
  else if (firstKey) process.stdout.write(`First admin key (shown only once): ${firstKey}\n`);
});
