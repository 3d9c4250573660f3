// A sender in a process of its own, to be killed.
import { startSender } from './webhooks-fixture.js';

await startSender(process.env);
