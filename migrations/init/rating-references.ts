/**
 * What ratings refer to is checked statement by statement. Postgres checks a foreign key row by row, and four of them took
 * nearly two thirds of the writing of a bulk request (docs/adr/0084). The promise is the same, from both sides: no rating of a row
 * that is not there, and no row goes while there are ratings of it.
 */
const references = [
  { table: 'completions', column: 'completion_id' },
  { table: 'criterion_versions', column: 'criterion_version_id' },
  { table: 'labelers', column: 'labeler_id' },
  { table: 'vendors', column: 'vendor_id' },
] as const;

type Reference = (typeof references)[number];

// The rows that are found are locked as a foreign key locks them: none can go before the ratings are committed. One row
// is looked up by statements whose plans are kept, as a foreign key does; sets by statements planned for their size.
const checkAdded = `
  CREATE FUNCTION ratings_check_references() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE rows_added int; one record; absent bigint;
  BEGIN
    SELECT count(*) INTO rows_added FROM (SELECT FROM added LIMIT 2) few;
    IF rows_added = 1 THEN
      SELECT ${references.map(({ column }) => column).join(', ')} INTO one FROM added;
      ${references.map(checkOne).join('')}
    ELSIF rows_added > 1 THEN
      ${references.map(checkSet).join('')}
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER ratings_references AFTER INSERT ON ratings REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ratings_check_references()`;

function checkOne(reference: Reference): string {
  const { table, column } = reference;
  return `
    IF one.${column} IS NOT NULL THEN
      PERFORM FROM ${table} WHERE id = one.${column} FOR KEY SHARE;
      IF NOT FOUND THEN ${refuse(reference, '1')} END IF;
    END IF;`;
}

function checkSet(reference: Reference): string {
  const { table, column } = reference;
  return `
    EXECUTE 'WITH named AS MATERIALIZED (SELECT DISTINCT ${column} AS id FROM added WHERE ${column} IS NOT NULL),
                  present AS (SELECT FROM named JOIN ${table} r ON r.id = named.id FOR KEY SHARE OF r)
             SELECT (SELECT count(*) FROM named) - (SELECT count(*) FROM present)' INTO absent;
    IF absent > 0 THEN ${refuse(reference, 'absent')} END IF;`;
}

function refuse({ table, column }: Reference, absent: string): string {
  return `
    RAISE foreign_key_violation USING
      MESSAGE = 'insert on table "ratings" violates foreign key constraint "ratings_${column}_fkey"',
      DETAIL = ${absent} || ' of the values of ${column} are not in table "${table}"',
      TABLE = 'ratings', COLUMN = '${column}', CONSTRAINT = 'ratings_${column}_fkey';`;
}

const keepReferenced = `
  CREATE FUNCTION ratings_keep_referenced() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE rated boolean;
  BEGIN
    IF TG_OP = 'TRUNCATE' THEN
      SELECT EXISTS (SELECT FROM ratings) INTO rated;
    ELSIF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
      RETURN NULL;
    ELSE
      EXECUTE format('SELECT EXISTS (SELECT FROM ratings WHERE %I = $1)', TG_ARGV[0]) INTO rated USING OLD.id;
    END IF;
    IF rated THEN
      RAISE foreign_key_violation USING
        MESSAGE = format('%s on table "%s" violates foreign key constraint "ratings_%s_fkey" on table "ratings"', lower(TG_OP), TG_TABLE_NAME, TG_ARGV[0]),
        TABLE = TG_TABLE_NAME, CONSTRAINT = format('ratings_%s_fkey', TG_ARGV[0]);
    END IF;
    RETURN NULL;
  END $$`;

const keepRows = references
  .map(
    ({ table, column }) => `
  CREATE TRIGGER ${table}_of_ratings AFTER DELETE OR UPDATE OF id ON ${table}
    FOR EACH ROW EXECUTE FUNCTION ratings_keep_referenced('${column}');
  CREATE TRIGGER ${table}_of_ratings_truncate BEFORE TRUNCATE ON ${table}
    FOR EACH STATEMENT EXECUTE FUNCTION ratings_keep_referenced('${column}');`,
  )
  .join('');

export const ratingReferences = `${checkAdded};${keepReferenced};${keepRows}`;
