// Label Studio's JSON export: tasks with their `data` and with annotations, each a list of results.
import { isObject, RowError, type Format, type Row, type Sample } from '../sample.js';
import { judge, readFields, type Said } from './annotated.js';

export const labelStudio: Format = {
  name: 'label-studio',
  title: 'Label Studio tasks (its JSON export)',
  example: {
    data: { prompt: 'Name a prime.', answer1: '7', answer2: '8' },
    annotations: [{ completed_by: 3, result: [{ type: 'pairwise', from_name: 'better', to_name: 'answer1', value: { selected: 'left' } }] }],
  },
  becomes: 'a prompt, a completion an answer, a preference for each pairwise result, choice or ranking, a rating for each rating or number; predictions, and annotations that were cancelled, are left out',
  columns: ['id', 'data', 'annotations', 'inner_id', 'total_annotations', 'cancelled_annotations', 'created_at', 'updated_at', 'project', 'file_upload', 'comment_count', 'updated_by'],
  recognises: (row) => isObject(row.data) && Array.isArray(row.annotations),
  read: readTask,
};

function readTask(row: Row): Sample {
  if (!isObject(row.data)) throw new RowError('/data', 'object', 'must be an object with the fields of a task', row.data);
  if (!Array.isArray(row.annotations)) throw new RowError('/annotations', 'list', 'must be a list', row.annotations);
  const fields = readFields(row.data, '/data');
  for (const annotation of row.annotations.filter(isObject)) {
    if (annotation.was_cancelled === true) {
      fields.made.leftOut.push('annotations that were cancelled');
      continue;
    }
    const results = (Array.isArray(annotation.result) ? annotation.result : []).filter(isObject);
    judge(fields, results.flatMap(saidIn), labelerOf(annotation.completed_by));
  }
  return fields.made;
}

function labelerOf(by: unknown): string | undefined {
  const id = isObject(by) ? (by.id ?? by.email) : by;
  return typeof id === 'number' ? `label-studio-user-${id}` : typeof id === 'string' && id !== '' ? id : undefined;
}

function saidIn({ type, from_name, to_name, value }: Row): Said[] {
  if (!isObject(value)) return [];
  const question = typeof from_name === 'string' ? from_name : String(type);
  const said = value.selected ?? value.rating ?? value.number ?? value.choices ?? (isObject(value.ranker) ? orderOf(value.ranker) : value.ranker) ?? textOf(value.text);
  return [{ question, ...(typeof to_name === 'string' && { target: to_name }), value: said }];
}

const textOf = (text: unknown): unknown => (Array.isArray(text) ? text.join('\n') : text);

/** Of a ranker with one list: ids, best first. */
function orderOf(ranker: Row): unknown {
  const lists = Object.values(ranker).filter((list) => Array.isArray(list));
  return lists.length === 1 ? lists[0].map((id: unknown, index: number) => ({ value: String(id), rank: index + 1 })) : undefined;
}
