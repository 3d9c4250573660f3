// Holds a quickstart report against what the quickstart promises; CI runs it.
import { readFileSync } from 'node:fs';
import { brokenPromises, type QuickstartReport } from './report.js';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8')) as QuickstartReport;
const broken = brokenPromises(report);
for (const line of broken) console.error(`plumbline: ${line}`);
process.exit(broken.length === 0 ? 0 : 1);
