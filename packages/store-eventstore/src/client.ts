/**
 * What is asked of a client of the server. `EventStoreDBClient` of @eventstore/db-client 6.2 and `KurrentDBClient` of
 * @kurrent/kurrentdb-client 1.x both fit. Their errors are told apart by `type`, never by class: a process may have both.
 */
export interface EventStoreClient {
  appendToStream(
    stream: string,
    events: SentEvent | SentEvent[],
    options: AppendOptions,
  ): Promise<{ success: boolean; nextExpectedRevision: bigint }>;
  readStream(stream: string, options: ReadStreamOptions): EventReading;
  readAll(options: ReadAllOptions): EventReading;
  subscribeToAll(options: SubscribeOptions): EventSubscription;
  setStreamMetadata(
    stream: string,
    metadata: { maxCount: number },
    options: AppendOptions,
  ): Promise<{ success: boolean }>;
  dispose(): Promise<unknown>;
}

export type Credentials = Readonly<{ username: string; password: string }>;
export type ServerPosition = { commit: bigint; prepare: bigint };
export type Revision = 'any' | 'no_stream' | 'stream_exists' | bigint;

/** Of every call. */
export type CallOptions = { credentials?: Credentials; requiresLeader?: boolean; deadline?: number };

/** The same expectation in the words of either client; each ignores the other's. */
export type AppendOptions = CallOptions & { expectedRevision: Revision; streamState: Revision };

type Direction = 'forwards' | 'backwards';
export type ReadStreamOptions = CallOptions & {
  fromRevision: 'start' | 'end' | bigint;
  direction: Direction;
  maxCount?: number;
};
/** KurrentDB's client has the server filter; EventStoreDB's ignores it. */
export type ReadAllOptions = CallOptions & {
  fromPosition: 'start' | 'end' | ServerPosition;
  direction: Direction;
  maxCount?: number;
  filter?: StreamFilter;
};
export type SubscribeOptions = CallOptions & {
  fromPosition: 'start' | ServerPosition;
  filter: StreamFilter & { checkpointReached(subscription: EventSubscription, position: ServerPosition): void };
};
/** Takes the events of streams whose names match. The server has .NET's regular expressions. */
export type StreamFilter = { filterOn: 'streamName'; regex: string; checkpointInterval: number };

/** Of what the clients take. Their types want data that is an object, a list or text; what they do is JSON.stringify. */
export type SentEvent = {
  id: string;
  contentType: 'application/json' | 'application/octet-stream';
  type: string;
  data: unknown;
  metadata: unknown;
};

export type ReadEvent = {
  streamId: string;
  id: string;
  revision: bigint;
  type: string;
  isJson: boolean;
  data: unknown;
  metadata: unknown;
  position?: ServerPosition | undefined;
};
export type ResolvedEvent = { event?: ReadEvent | undefined };

/** EventStoreDB's is a Readable over a call that has to be cancelled; KurrentDB's a plain generator. */
export interface EventReading {
  [Symbol.asyncIterator](): AsyncIterator<ResolvedEvent>;
  cancel?(): Promise<void>;
  destroy?(): unknown;
  on?(event: 'error', listener: (error: Error) => void): unknown;
}

/** A Readable of events. */
export interface EventSubscription {
  read(): unknown;
  push(chunk: unknown): boolean;
  destroy(): unknown;
  unsubscribe(): Promise<void>;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}
