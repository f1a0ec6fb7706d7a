/** Stores on a server that is a double, or on the real one that EVENTSTORE_URL names, behind a connection to be cut. */
import { randomUUID } from 'node:crypto';
import { right } from '@recourse/testing';
import { type EventStoreDB, type EventStoreDBOptions, openEventStoreDB } from '../src/index.ts';
import { forwardTo } from './double/forwarder.ts';
import { type DoubleOptions, startDouble } from './double/server-double.ts';

/** A single node without TLS: `esdb://localhost:2113?tls=false`. */
const realServer = process.env['EVENTSTORE_URL'];

/** Names the server that the suites are run against. */
export const serverName = realServer === undefined ? 'a double' : 'a server';

const connected = async (options: DoubleOptions) => {
  if (realServer === undefined) return startDouble(options);
  const url = new URL(realServer);
  const way = await forwardTo({ host: url.hostname, port: Number(url.port === '' ? 2113 : url.port) });
  url.host = `127.0.0.1:${way.port}`;
  return { connectionString: url.href, way, stop: way.refuse };
};

/** Empty, by a prefix of its own; with events of others before, between and behind. */
export const opened = async (options: DoubleOptions = {}) => {
  const server = await connected(options);
  const prefix = `test-${randomUUID()}.`;
  const open: EventStoreDB[] = [];
  const openOne = async (more: Partial<EventStoreDBOptions> = {}) => {
    const one = await right(openEventStoreDB({ server: server.connectionString, prefix, ...more }));
    open.push(one);
    return one;
  };
  const first = await openOne();
  return {
    ...first,
    openOne,
    disconnect: server.way.refuse,
    close: async () => {
      await Promise.all(open.map((one) => one.close()));
      await server.stop();
    },
  };
};
