/** The tables and the function, as the steps that lead to them. A step that was released is never changed: add one. */
import { createHash } from 'node:crypto';

/** Of a schema's tables, as a name in SQL. */
export const quoted = (schema: string): string => `"${schema}"`;

/**
 * The advisory lock that orders all appends of a schema. 64 bits of a hash, so that neither another schema nor another
 * program of the same database takes the same one by chance.
 */
export const lockKey = (schema: string): string =>
  createHash('sha256').update(`recourse ${schema}`).digest().readBigInt64BE().toString();

/** What an expectation is to the function: the version that the first event would get, or one of these. */
export const NEXT = { any: -1, streamExists: -2, never: -3 } as const;

const tables = (schema: string): string => `
create table ${schema}.event (
  position bigint primary key,
  stream text collate "C" not null check (length(stream) between 1 and 255),
  version integer not null check (version >= 0),
  id text collate "C" not null,
  type text collate "C" not null,
  schema_version bigint not null,
  data json not null,
  metadata json not null,
  unique (stream, version),
  unique (stream, id)
);
create function ${schema}.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'events are append-only';
end $$;
create trigger event_is_not_changed before update or delete on ${schema}.event
  for each row execute function ${schema}.refuse_change();
create trigger events_are_not_removed before truncate on ${schema}.event
  for each statement execute function ${schema}.refuse_change();
create table ${schema}.snapshot (
  key text collate "C" primary key,
  version bigint not null,
  schema bigint not null,
  state json not null
);
`;

/**
 * Appends, one after the other, in one transaction. `streams`, `nexts` and `counts` have an element for each append;
 * the others one for each event, in order. Answers with a line for each append: what came of it ("end", "there",
 * "nowhere": see placement.ts in core), the version of its last event or of the stream, and the position.
 *
 * The lock comes first. PostgreSQL shows what a transaction did before it gives the transaction's locks back, and each
 * statement here looks anew, so whoever has the lock sees all that was ever appended: the order of positions is the
 * order in which appends become visible.
 */
const append = (schema: string, key: string): string => `
create function ${schema}.append(
  lock_timeout_ms integer,
  streams text[], nexts bigint[], counts integer[],
  ids text[], types text[], schema_versions bigint[], data text[], metadata text[]
) returns text language plpgsql as $$
declare
  answer text := '';
  last_position bigint;
  last_event integer := 0;
  first_event integer;
  head integer;
  first_found integer;
  next_found integer;
  in_a_row boolean;
  ignored text;
begin
  -- As assignments: these are evaluated without the executor.
  ignored := set_config('lock_timeout', lock_timeout_ms::text, true);
  ignored := pg_advisory_xact_lock(${key});
  for i in 1 .. cardinality(streams) loop
    first_event := last_event + 1;
    last_event := last_event + counts[i];
    select
      coalesce((select e.position from ${schema}.event e order by e.position desc limit 1), 0),
      (select e.version from ${schema}.event e where e.stream = streams[i] order by e.version desc limit 1),
      (select e.version from ${schema}.event e where e.stream = streams[i] and e.id = ids[first_event])
      into last_position, head, first_found;
    in_a_row := true;
    for k in first_event + 1 .. last_event loop
      next_found := (select e.version from ${schema}.event e where e.stream = streams[i] and e.id = ids[k]);
      if next_found is distinct from first_found + (k - first_event) then
        in_a_row := false;
      end if;
    end loop;

    if in_a_row and first_found is null and (
      nexts[i] = coalesce(head + 1, 0) or nexts[i] = ${NEXT.any} or (nexts[i] = ${NEXT.streamExists} and head is not null)
    ) then
      head := coalesce(head, -1);
      for k in first_event .. last_event loop
        head := head + 1;
        last_position := last_position + 1;
        insert into ${schema}.event (position, stream, version, id, type, schema_version, data, metadata)
          values (last_position, streams[i], head, ids[k], types[k], schema_versions[k], data[k]::json, metadata[k]::json);
      end loop;
      answer := concat(answer, 'end ', head, ' ', last_position, chr(10));
    elsif in_a_row and first_found is not null and (
      nexts[i] = first_found or nexts[i] in (${NEXT.any}, ${NEXT.streamExists})
    ) then
      head := first_found + counts[i] - 1;
      answer := concat(answer, 'there ', head, ' ',
        (select e.position from ${schema}.event e where e.stream = streams[i] and e.version = head), chr(10));
    else
      answer := concat(answer, 'nowhere ', coalesce(head, -1), ' 0', chr(10));
    end if;
  end loop;
  return answer;
end $$;
`;

const steps: readonly ((schema: string, key: string) => string)[] = [
  (schema, key) => `
create schema if not exists ${schema};
create table ${schema}.migration (
  version integer primary key,
  applied_at timestamptz not null default now()
);${tables(schema)}${append(schema, key)}`,
];

export const SCHEMA_VERSION = steps.length;

/**
 * What `openPostgresStore` runs in a schema that is not there yet or is of an older release, for those who run it
 * themselves: the n-th text leads from version n to n + 1, in a transaction of its own. A schema that is at the newest
 * version needs no right to create anything.
 */
export const postgresMigrations = (schema = 'recourse'): readonly string[] =>
  steps.map(
    (step, version) =>
      `${step(quoted(schema), lockKey(schema)).trim()}\ninsert into ${quoted(schema)}.migration (version) values (${version + 1});\n`,
  );
