import { describe } from 'vitest';
import { queueSuite } from './jobs-suite.js';

describe('queue on Postgres', () => queueSuite(() => ({})));
