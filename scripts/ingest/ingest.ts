// Takes data that people have into a running Plumbline: finds out what it is, says so, holds every row against the rules, and only
// then sends it.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Plumbline } from '#sdk/client.js';
import { ensureLabeler, type CriterionSpec } from '../client/ensure.js';
import { stageProgress } from '../terminal/progress.js';
import { checkScale, criterionOf, ensureFitting, incompleteRatings } from './criterion.js';
import { formats } from './formats/index.js';
import { linesOf } from './lines.js';
import { isOwnFolder, ownCriterion, ownKinds, ownLine, ownRows, surveyOwn } from './own.js';
import { bareName, IngestError, isDataFile, readRows } from './rows.js';
import { RowError } from './sample.js';
import { checkName, kinds, Sender } from './send.js';
import { readSample, recognise, survey, type RowSource, type Survey, type Understanding } from './survey.js';

export interface IngestOptions {
  /** Of the prompt set, and of what has no better name; that of the file or folder if left out. */
  name?: string;
  format?: string;
  /** `prompt=question,chosen=better`. */
  map?: string;
  criterion?: string;
  labeler?: string;
  dryRun?: boolean;
  skipInvalid?: boolean;
}

export interface IngestIo {
  /** Asked for when something is sent. */
  client: () => Plumbline;
  say: (line: string) => void;
  complain: (line: string) => void;
}

/**
 * @returns the exit code: 0; 1 when the API refused lines; 2 when rows are invalid and nothing was sent
 * @throws IngestError when nothing can be read
 */
export async function ingest(path: string, options: IngestOptions, io: IngestIo): Promise<number> {
  const full = resolve(path);
  if (!existsSync(full)) throw new IngestError(`${path}: no such file or folder`);
  const isFolder = statSync(full).isDirectory();
  if (options.format !== undefined && !formats.some(({ name }) => name === options.format)) {
    throw new IngestError(`--format must be one of ${formats.map(({ name }) => name).join(', ')}, got '${options.format}'`);
  }
  return isFolder && isOwnFolder(full) && options.format === undefined ? ingestOwn(full, options, io) : ingestRows(full, isFolder, options, io);
}

async function ingestOwn(dir: string, options: IngestOptions, io: IngestIo): Promise<number> {
  const { name = basename(dir) } = options;
  if (options.map !== undefined) throw new IngestError('--map is for other formats: prompts.jsonl, completions.jsonl and ratings.jsonl have names of their own');
  const found = await surveyOwn(dir);
  const known = found.invalidRows === 0 || options.skipInvalid ? ownCriterion(dir, found, name) : undefined;
  const spec = known && options.criterion !== undefined ? { ...known, name: options.criterion } : known;
  io.say('prompts.jsonl, completions.jsonl and ratings.jsonl');
  const go = decide(found, spec, options, io);
  if (go !== undefined) return go;
  return send(found, spec, { name, named: options.criterion !== undefined }, io, async (sender, criterionVersionId) => {
    for (const kind of ownKinds) {
      for await (const { at, row } of ownRows(dir, kind)) {
        sender.add(kind, at, ownLine(kind, row, name, criterionVersionId));
        await sender.rowDone();
      }
    }
  });
}

async function ingestRows(path: string, isFolder: boolean, options: IngestOptions, io: IngestIo): Promise<number> {
  const { name = isFolder ? basename(path) : `${basename(dirname(path))}/${bareName(path)}` } = options;
  const names = readMap(options.map);
  const { sources, unknown } = await recogniseFiles(isFolder ? dataFiles(path) : [path], options.format, names);
  const { format } = sources[0];
  const labeler = options.labeler ?? format.labeler ?? name;
  const understanding = { names, source: name, labeler };
  const found = await survey(sources, understanding);
  io.say(`${format.title} (${format.name}), ${sources.length === 1 ? basename(sources[0].path) : `${sources.length} files`}`);
  io.say(`each row becomes  ${format.becomes}`);
  const spec = found.invalidRows === 0 || options.skipInvalid ? criterionOf(found, format, options.criterion ?? name) : undefined;
  const criterion = spec && { ...spec, name: options.criterion ?? spec.name };
  sayColumns(found, names, io);
  for (const file of unknown) found.countLeftOut(`file ${isFolder ? relative(path, file) : basename(file)}: no rows of a known format`);
  if (criterion && incompleteRatings(found, criterion) > 0) found.leftOut.set('ratings that lack a dimension', incompleteRatings(found, criterion));
  const go = decide(found, criterion, options, io);
  if (go !== undefined) return go;
  return send(found, criterion, { name, named: options.criterion !== undefined }, io, async (sender, criterionVersionId) => {
    await sendRows(sources, understanding, criterion, criterionVersionId, sender);
  });
}

async function sendRows(sources: readonly RowSource[], understanding: Understanding, criterion: CriterionSpec | undefined, criterionVersionId: string, sender: Sender): Promise<void> {
  const { names, source, labeler } = understanding;
  const dimensions = criterion?.dimensions?.map(({ name }) => name);
  for (const { path, format } of sources) {
    for await (const read of readRows(path)) {
      const lines = validLines(() => linesOf(readSample(format, read, names).made, { source, labeler, criterionVersionId, ...(dimensions && { dimensions }) }));
      if (lines) {
        sender.add('prompts', read.at, lines.prompt);
        for (const kind of ['completions', 'ratings', 'preferences'] as const) for (const line of lines[kind]) sender.add(kind, read.at, line);
      }
      await sender.rowDone();
    }
  }
}

/** Files of a folder and of those in it, by name. */
function dataFiles(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isDataFile(entry.name) && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(dir, path).split(/[\\/]/).some((part) => part.startsWith('.')))
    .sort();
  if (files.length === 0) throw new IngestError(`${dir}: must have files that end with .jsonl, .json, .csv, .tsv or .parquet, or be a folder of prompts.jsonl, completions.jsonl and ratings.jsonl`);
  return files;
}

async function recogniseFiles(files: readonly string[], forced: string | undefined, names: ReadonlyMap<string, string>): Promise<{ sources: RowSource[]; unknown: string[] }> {
  const sources: RowSource[] = [];
  const unknown: string[] = [];
  for (const path of files) {
    const format = forced === undefined ? await recognise(path, names) : formats.find(({ name }) => name === forced);
    if (format) sources.push({ path, format });
    else unknown.push(path);
  }
  if (sources.length === 0) throw new IngestError(`${await columnsOf(files[0])}: no known format. Formats are ${formats.map(({ name }) => name).join(', ')}; --map prompt=NAME gives a column another name, and docs/ingest.md has an example of each`);
  const different = sources.find(({ format }) => format !== sources[0].format);
  if (different) {
    const [a, b] = [sources[0], different];
    throw new IngestError(`${basename(a.path)} is ${a.format.name} and ${basename(b.path)} is ${b.format.name}: give them one by one, or force one with --format`);
  }
  return { sources, unknown };
}

async function columnsOf(path: string): Promise<string> {
  for await (const { at, row, error } of readRows(path)) return error ? describe(at, error) : `${at} has the columns ${Object.keys(row!).join(', ')}`;
  return `${basename(path)} has no rows`;
}

function readMap(map: string | undefined): Map<string, string> {
  const pairs = (map ?? '').split(',').filter((pair) => pair.trim() !== '').map((pair) => pair.split('=').map((part) => part.trim()));
  const wrong = pairs.find((pair) => pair.length !== 2 || pair.includes(''));
  if (wrong) throw new IngestError(`--map must be as in prompt=question,chosen=better, got '${wrong.join('=')}'`);
  return new Map(pairs.map(([ours, theirs]) => [theirs, ours]));
}

function sayColumns(found: Survey, names: ReadonlyMap<string, string>, io: IngestIo): void {
  const theirs = new Map([...names].map(([their, our]) => [our, their]));
  io.say(`columns           ${[...found.read].map((column) => (theirs.has(column) ? `${column} (from ${theirs.get(column)})` : column)).join(', ')}`);
  for (const [column, count] of found.unread) found.leftOut.set(`column ${column}`, count);
}

/** Says what was understood. An exit code where nothing is to be sent. */
function decide(found: Survey, criterion: CriterionSpec | undefined, options: IngestOptions, io: IngestIo): number | undefined {
  const { rows, invalidRows, invalid, distinct, labelers, leftOut } = found;
  io.say(`rows              ${rows.toLocaleString('en')}${invalidRows > 0 ? `, ${invalidRows.toLocaleString('en')} of them invalid` : ''}`);
  for (const kind of kinds) io.say(`${kind.padEnd(18)}${distinct[kind].toString()}`);
  if (criterion) io.say(`criterion         '${criterion.name}', levels ${criterion.scale[0].value} to ${criterion.scale.at(-1)!.value}${criterion.dimensions ? `, of ${criterion.dimensions.map(({ name }) => name).join(', ')}` : ''}`);
  if (labelers.size > 0) io.say(`labelers          ${[...labelers].slice(0, 5).join(', ')}${labelers.size > 5 ? ` and ${labelers.size - 5} more` : ''}`);
  for (const [index, [what, count]] of [...leftOut].entries()) io.say(`${index === 0 ? 'left out          ' : ' '.repeat(18)}${what} (${count.toLocaleString('en')})`);
  for (const { at, error } of invalid) io.complain(describe(at, error));
  if (invalidRows > invalid.length) io.complain(`and ${(invalidRows - invalid.length).toLocaleString('en')} more invalid rows`);
  if (invalidRows > 0 && !options.skipInvalid) {
    io.complain('nothing was sent; --skip-invalid leaves invalid rows out');
    return 2;
  }
  if (rows === invalidRows) throw new IngestError('there are no rows to send');
  if (criterion && options.criterion === undefined) checkScale(criterion);
  if (!options.dryRun) return undefined;
  io.say('nothing was sent (--dry-run)');
  return 0;
}

function describe(at: string, { field, rule, message, value }: RowError): string {
  const got = value === undefined ? '' : `, got ${shortened(JSON.stringify(value))}`;
  return `${at}: ${field === '' ? '' : `${field} `}${message}${got} (${rule})`;
}

const shortened = (text: string): string => (text.length <= 120 ? text : `${text.slice(0, 117)}...`);

async function send(
  found: Survey,
  criterion: CriterionSpec | undefined,
  { name, named }: { name: string; named: boolean },
  io: IngestIo,
  rows: (sender: Sender, criterionVersionId: string) => Promise<void>,
): Promise<number> {
  const client = io.client();
  await checkName(client, name, found.distinct.prompts.count);
  const version = criterion && (await ensureFitting(client, criterion, found.scores, named));
  for (const externalId of found.labelers) await ensureLabeler(client, { externalId, displayName: `imported: ${externalId}`.slice(0, 200), simulated: false });
  const progress = stageProgress('sending');
  const sender = new Sender(client, name, progress, found.rows);
  await rows(sender, version?.id ?? '');
  await sender.finish();
  progress.end(`${found.rows.toLocaleString('en')} rows`);
  for (const kind of kinds) {
    const { created, duplicates, failed } = sender.totals[kind];
    if (created + duplicates + failed > 0) io.say(`${kind.padEnd(18)}${created} created, ${duplicates} there already, ${failed} failed`);
  }
  for (const failure of sender.failures) io.complain(failure);
  if (version) io.say(`criterion version ${version.id}`);
  for (const id of sender.promptSetIds) io.say(`prompt set        ${id}`);
  return kinds.some((kind) => sender.totals[kind].failed > 0) ? 1 : 0;
}

function validLines<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RowError) return undefined;
    throw error;
  }
}
