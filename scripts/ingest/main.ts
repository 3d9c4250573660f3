// npm run ingest -- PATH: see docs/ingest.md, or --help.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connection, dataDir } from '#src/config/environment.js';
import { Plumbline, PlumblineError } from '#sdk/client.js';
import { formats } from './formats/index.js';
import { ingest } from './ingest.js';
import { IngestError } from './rows.js';

const usage = `usage: npm run ingest -- PATH [--dry-run] [--format NAME] [--map OURS=THEIRS,...] [--criterion NAME] [--labeler NAME]
       [--name NAME] [--skip-invalid] [--url http://127.0.0.1:3000] [--key plk_...]

Loads prompts, answers, ratings and preferences that were recorded elsewhere. PATH is a file or a folder of them: .jsonl, .json,
.csv, .tsv (each also with .gz) or .parquet. The format is recognised by its rows.

--dry-run       says what was understood and sends nothing
--format        reads the rows as this format
--map           reads a column under another name, as in --map prompt=question,chosen=better
--criterion     name of the criterion; a published one is used where the scores fit it
--labeler       who is said to have judged, where the rows do not tell
--name          name of the prompt set, and of what has no other name
--skip-invalid  leaves invalid rows out; otherwise one invalid row stops everything

Formats:
${[{ name: '', title: 'A folder of prompts.jsonl, completions.jsonl and ratings.jsonl' }, ...formats].map(({ name, title }) => `  ${name.padEnd(22)} ${title}`).join('\n')}

docs/ingest.md has an example row of each, and what it becomes.`;

try {
  process.exitCode = await main();
} catch (error) {
  const refused = error instanceof TypeError && error.message === 'fetch failed';
  const known = error instanceof IngestError || error instanceof PlumblineError || 'code' in (error as object);
  const message = refused ? 'no Plumbline answers there: is `npm start` running, and --url right?' : (error as Error).message;
  process.stderr.write(`plumbline: ${refused || known ? message : String((error as Error).stack)}\n`);
  process.exitCode = known ? 2 : 1;
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...{ url: text, key: text, name: text, format: text, map: text, criterion: text, labeler: text },
      ...{ 'dry-run': flag, 'skip-invalid': flag, help: { ...flag, short: 'h' } },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (positionals.length !== 1) throw new IngestError(`one file or folder must be given, got ${positionals.length}; --help has the options`);
  const { url, key, 'dry-run': dryRun, 'skip-invalid': skipInvalid, ...named } = values;
  const client = () => {
    const { baseUrl, apiKey = keptKey() } = connection({ url, key });
    return new Plumbline({ baseUrl, apiKey });
  };
  const complain = (line: string) => void process.stderr.write(`plumbline: ${line}\n`);
  return ingest(positionals[0], { ...named, dryRun, skipInvalid }, { client, say: (line) => console.log(line), complain });
}

/** The key that the quickstart keeps beside its data. */
function keptKey(): string {
  const file = resolve(dataDir(), 'quickstart-key');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  throw new IngestError('an API key must be given, by --key or PLUMBLINE_API_KEY');
}
