/**
 * A server in memory that speaks EventStoreDB's protocol over real gRPC, with the messages of the client's own generated
 * code. It stands in for a real one where there is none, and can be made to fail. It proves nothing of a real server.
 */
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import supported from '@eventstore/db-client/generated/serverfeatures_pb.js';
import services from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { DeleteReq, DeleteResp, TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { batchAppend, unaryAppend } from './appending.ts';
import { errorOf, type Fault } from './faults.ts';
import { type Forwarder, forwardTo } from './forwarder.ts';
import { type Log, logInMemory, type Proposed } from './log.ts';
import { read } from './reading.ts';
import { nameOf } from './wire.ts';

export type Kind = 'append' | 'read' | 'subscribe';

export type DoubleOptions = Readonly<{
  recentIds?: number;
  /** How long what is written is neither told nor to be read. */
  replicationMs?: number;
  refusals?: 'message' | 'failure';
}>;

/** What the handlers of calls share. */
export type Site = Readonly<{
  log: Log;
  replicationMs: number;
  refusals: 'message' | 'failure';
  replicated(position: bigint): void;
  isReplicated(position: bigint): boolean;
  somethingNew(): Promise<void>;
  /** Counts an event that is sent to a subscriber. */
  sent(): void;
  subscribed(after: bigint | null): void;
  /** Serves a call, unless a fault is due. Null if nothing is to be told. */
  serve<A>(kind: Kind, call: () => Promise<A>): Promise<A | null>;
}>;

export type ServerDouble = Readonly<{
  connectionString: string;
  log: Log;
  way: Forwarder;
  /** Appends around the protocol. */
  plant(stream: string, ...events: readonly Proposed[]): void;
  /** Due for the next calls of that kind. */
  faults: Record<Kind, Fault[]>;
  /** How many calls of that kind were made. */
  calls: Record<Kind, number>;
  /** Events sent to subscribers, and behind which position each of them began. */
  subscriptions: { sent: number; after: (bigint | null)[] };
  /** In which of its two ways appends came. */
  ways: { unary: number; batch: number };
  stop(): Promise<void>;
}>;

export const startDouble = async (options: DoubleOptions = {}): Promise<ServerDouble> => {
  const { replicationMs = 0, refusals = 'message' } = options;
  const log = logInMemory(options);
  const faults: Record<Kind, Fault[]> = { append: [], read: [], subscribe: [] };
  const calls: Record<Kind, number> = { append: 0, read: 0, subscribe: 0 };
  const ways = { unary: 0, batch: 0 };
  const subscriptions: ServerDouble['subscriptions'] = { sent: 0, after: [] };
  let replicatedTo = -1n;
  let waiting: (() => void)[] = [];
  const wake = () => {
    for (const go of waiting.splice(0)) go();
  };

  const site: Site = {
    log,
    replicationMs,
    refusals,
    replicated: (position) => {
      if (position > replicatedTo) replicatedTo = position;
      wake();
    },
    isReplicated: (position) => position <= replicatedTo,
    somethingNew: () => new Promise((resolve) => waiting.push(resolve)),
    sent: () => {
      subscriptions.sent += 1;
    },
    subscribed: (after) => void subscriptions.after.push(after),
    serve: async (kind, call) => {
      calls[kind] += 1;
      const fault = faults[kind].shift();
      if (fault === undefined) return call();
      if (fault === 'hang') return null;
      if (fault === 'cut-after') await call();
      if (fault !== 'cut-after' && fault !== 'cut-before') throw errorOf(fault, way.port);
      way.cut();
      return null;
    },
  };

  const server = new Server({
    'grpc.max_receive_message_length': 17 * 1024 * 1024,
    // As Kestrel has it.
    'grpc.max_concurrent_streams': 100,
  });
  const counted = <A extends unknown[]>(name: keyof typeof ways, handle: (...parameters: A) => Promise<void>) => {
    return (...parameters: A) => {
      ways[name] += 1;
      // A call that the way was cut for.
      handle(...parameters).catch(() => {});
    };
  };
  server.addService(services.StreamsService, {
    append: counted('unary', unaryAppend(site)),
    batchAppend: counted('batch', batchAppend(site)),
    read: read(site),
    delete: (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>) => {
      log.remove(nameOf(call.request.getOptions()?.getStreamIdentifier()));
      callback(null, new streams.DeleteResp());
    },
    tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>) => {
      log.tombstone(nameOf(call.request.getOptions()?.getStreamIdentifier()));
      callback(null, new streams.TombstoneResp());
    },
  });
  server.addService(features.ServerFeaturesService, {
    getSupportedMethods: (_: unknown, callback: sendUnaryData<supported.SupportedMethods>) => {
      const methods = new supported.SupportedMethods();
      const method = new supported.SupportedMethod();
      method.setServiceName('event_store.client.streams.streams');
      method.setMethodName('batchappend');
      methods.setMethodsList([method]);
      methods.setEventStoreServerVersion('23.10.0');
      callback(null, methods);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const way = await forwardTo({ host: '127.0.0.1', port });

  return {
    connectionString: `esdb://127.0.0.1:${way.port}?tls=false`,
    log,
    way,
    plant: (stream, ...events) => {
      log.append(stream, 'any', events);
      site.replicated(log.records.at(-1)?.position ?? -1n);
    },
    faults,
    calls,
    subscriptions,
    ways,
    stop: async () => {
      await way.refuse();
      wake();
      waiting = [];
      server.forceShutdown();
    },
  };
};
