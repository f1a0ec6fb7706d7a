-- A file as the first schema had it, with something in each table. Never changed: it stands for files that are out there.
pragma journal_mode = wal;
begin;
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
create table snapshot (
  key text primary key,
  version integer not null,
  schema integer not null,
  state text not null check (json_valid(state))
) strict, without rowid;
create table work (
  deployment text primary key,
  message text not null,
  due_at integer not null
) strict, without rowid;
create index work_by_due_at on work (due_at);
pragma application_id = 1380143699;
pragma user_version = 1;
insert into event values
  (1, 'deployment-d1', 0, 'e1', 'DeploymentRequested', 1, '{"b":1,"a":{"__proto__":2}}',
    '{"recordedAt":1764000000000,"actor":"ada","correlationId":"c1","causationId":"k1"}'),
  (2, 'environment-shop', 0, 'e2', 'SlotTaken', 1, '{"fence":1}',
    '{"recordedAt":1764000000001,"actor":"ada","correlationId":"c1","causationId":"e1"}'),
  (3, 'deployment-d1', 1, 'e3', 'Admitted', 1, '{"fence":1}',
    '{"recordedAt":1764000000002,"actor":"ada","correlationId":"c1","causationId":"e2"}');
insert into snapshot values ('environment-shop', 0, 1, '{"fence":1}');
insert into work values ('d1', '{"deploymentId":"d1"}', 1764000000003), ('d2', '{"deploymentId":"d2"}', 1764000000004);
commit;
