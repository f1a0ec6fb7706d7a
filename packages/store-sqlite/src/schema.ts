/** The file's schema, as the steps that lead to it. A step that was released is never changed: add one. */

/** "RCRS", in the file's header: how a file of ours is known. */
export const APPLICATION_ID = 0x52435253;

const events = `
  create table event (
    position integer primary key autoincrement,
    stream text not null check (length(stream) between 1 and 255),
    version integer not null check (version >= 0),
    id text not null,
    type text not null,
    schema_version integer not null,
    data text not null check (json_valid(data)),
    metadata text not null check (json_valid(metadata)),
    unique (stream, version),
    unique (stream, id)
  ) strict;
  create trigger event_is_not_changed before update on event
    begin select raise(abort, 'events are append-only'); end;
  create trigger event_is_not_removed before delete on event
    begin select raise(abort, 'events are append-only'); end;
`;

const snapshots = `
  create table snapshot (
    key text primary key,
    version integer not null,
    schema integer not null,
    state text not null check (json_valid(state))
  ) strict, without rowid;
`;

const work = `
  create table work (
    deployment text primary key,
    message text not null,
    due_at integer not null
  ) strict, without rowid;
  create index work_by_due_at on work (due_at);
`;

/** A message is claimed for a while instead of being taken out, so that it outlives who works on it. */
const claims = `
  alter table work add column deliveries integer not null default 0;
  alter table work add column claim text;
  alter table work add column again_at integer;
`;

/** Step n leads from version n to n + 1. Version 0 is the empty file. */
export const steps: readonly string[] = [events + snapshots + work, claims];

export const SCHEMA_VERSION = steps.length;
