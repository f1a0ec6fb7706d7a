/** The PostgreSQL store, the insertions that it makes, by hand, with and without its order, and Emmett. */
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import type { EventStore } from '@recourse/core';
import { orFault } from '@recourse/engine';
import { openPostgresStore } from '@recourse/store-postgres';
import pg from 'pg';
import { type Contender, sampleEvent } from './load.ts';

const CONNECTIONS = 16;

export const postgresStore = async (url: string): Promise<Contender & Readonly<{ store: EventStore }>> => {
  const { store, close } = await orFault(openPostgresStore({ connection: url }));
  return { name: 'store-postgres', store, append: appendTo(store), close };
};

/** As many stores as writers, as if each were a process of its own: none can send another's append along. */
export const postgresStores = async (url: string): Promise<Contender> => {
  const stores = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => orFault(openPostgresStore({ connection: url }))),
  );
  const ofStream = new Map<string, EventStore>();
  return {
    name: 'store-postgres, a process each',
    append: (stream, n) => {
      const store = ofStream.get(stream) ?? stores[ofStream.size % CONNECTIONS]?.store;
      if (store === undefined) throw new Error('there is no store');
      ofStream.set(stream, store);
      return appendTo(store)(stream, n);
    },
    close: async () => void (await Promise.all(stores.map(({ close }) => close()))),
  };
};

const appendTo = (store: EventStore) => async (stream: string, n: number) => {
  const expected = n === 0 ? 'no-stream' : n - 1;
  await orFault(store.append({ stream, expected, events: [sampleEvent()] }));
};

const rawTable = `
  create schema raw;
  create table raw.event (position bigint primary key, stream text collate "C" not null, version integer not null,
    id text collate "C" not null, type text collate "C" not null, schema_version bigint not null, data json not null,
    metadata json not null, unique (stream, version), unique (stream, id));
  create sequence raw.position;
  create function raw.append(stream text, version integer, id text, type text, schema_version bigint, data json,
    metadata json) returns bigint language plpgsql as $$
  begin
    perform pg_advisory_xact_lock(1);
    insert into raw.event values (nextval('raw.position'), stream, version, id, type, schema_version, data, metadata);
    return currval('raw.position');
  end $$;`;

const insert = `insert into raw.event values (nextval('raw.position'), $1, $2, $3, $4, $5, $6, $7) returning position`;
const insertInOrder = 'select raw.append($1, $2, $3, $4, $5, $6, $7)';

/** In no order that a subscriber could follow; and, in one round trip as well, in the store's. */
export const rawPostgres = async (url: string): Promise<readonly [Contender, Contender]> => {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  await pool.query(rawTable);
  const append = (sql: string) => async (stream: string, n: number) => {
    const { id, type, schemaVersion, data, metadata } = sampleEvent();
    await pool.query(sql, [stream, n, id, type, schemaVersion, JSON.stringify(data), JSON.stringify(metadata)]);
  };
  return [
    { name: 'raw inserts, no order', append: append(insert), close: async () => undefined },
    { name: 'raw inserts, in order', append: append(insertInOrder), close: () => pool.end() },
  ];
};

export const emmett = async (url: string): Promise<Contender> => {
  const store = getPostgreSQLEventStore(url);
  await store.schema.migrate();
  return {
    name: 'Emmett',
    append: async (stream, n) => {
      const { type, data, metadata } = sampleEvent();
      const event = { type, data: Object(data), metadata };
      const expectedStreamVersion = n === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(n);
      await store.appendToStream(stream, [event], { expectedStreamVersion });
    },
    close: () => store.close(),
  };
};
