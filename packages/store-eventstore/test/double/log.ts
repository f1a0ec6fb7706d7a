/**
 * The log of a server in memory, by the rules of IndexWriter.CheckCommit and ReadIndex of EventStoreDB 23.10: who may
 * append, what is a repetition, what is to be read. Positions grow by the size of what is written, as in its files.
 */

export type Proposed = Readonly<{
  id: string;
  type: string;
  contentType: string;
  data: Uint8Array;
  metadata: Uint8Array;
}>;

export type LogRecord = Proposed & Readonly<{ stream: string; revision: number; position: bigint; created: number }>;

export type Expected = 'any' | 'no-stream' | 'stream-exists' | number;

export type Decision = Readonly<
  | { decision: 'appended' | 'repeated'; last: LogRecord }
  | { decision: 'refused'; current: number | null }
  | { decision: 'deleted' }
>;

export type Log = Readonly<{
  /** All that was ever written, less what was scavenged, in the order of positions. */
  records: readonly LogRecord[];
  append(stream: string, expected: Expected, events: readonly Proposed[]): Decision;
  /** So many of them behind a position, in order. */
  after(position: bigint, count: number): readonly LogRecord[];
  /** What is to be read of a stream, in order; null if it is not there, or only was. */
  stream(name: string): readonly LogRecord[] | null;
  isTombstoned(name: string): boolean;
  /** Soft: what was there is not to be read any more, and numbering goes on. */
  remove(name: string): void;
  tombstone(name: string): void;
  /** Takes records out of the log for good. */
  scavenge(isGone: (record: LogRecord) => boolean): void;
  /** As after a restart: the ids of the latest events are forgotten. */
  forgetIds(): void;
}>;

/** `recentIds`: of how many events the server knows the ids; a real one bounds it by bytes. */
export const logInMemory = ({ recentIds = 1000 }: Readonly<{ recentIds?: number }> = {}): Log => {
  const records: LogRecord[] = [];
  const streams = new Map<string, LogRecord[]>();
  const removedUpTo = new Map<string, number>();
  const tombstoned = new Set<string>();
  const recent = new Map<string, LogRecord>();
  let end = 0n;

  const all = (name: string): readonly LogRecord[] => streams.get(name) ?? [];
  const current = (name: string): number | null => all(name).at(-1)?.revision ?? null;
  const isRemoved = (name: string): boolean => removedUpTo.get(name) === current(name) && current(name) !== null;

  const write = (stream: string, proposed: Proposed): LogRecord => {
    const revision = (current(stream) ?? -1) + 1;
    const record = { ...proposed, stream, revision, position: end, created: Date.now() };
    end += BigInt(100 + proposed.data.length + proposed.metadata.length);
    records.push(record);
    const own = streams.get(stream) ?? [];
    own.push(record);
    streams.set(stream, own);
    recent.set(record.id, record);
    for (const id of recent.keys()) {
      if (recent.size <= recentIds) break;
      recent.delete(id);
    }
    return record;
  };

  const writeAll = (stream: string, events: readonly Proposed[]): Decision => {
    const last = events.map((event) => write(stream, event)).at(-1);
    if (last === undefined) throw new Error('an append without events');
    return { decision: 'appended', last };
  };

  const refused = (stream: string): Decision => ({ decision: 'refused', current: current(stream) });

  /** By the ids that are remembered, wherever in the stream they are. */
  const appendOpen = (stream: string, events: readonly Proposed[]): Decision => {
    const known = events.map(({ id }) => (recent.get(id)?.stream === stream ? recent.get(id) : undefined));
    if (known[0] === undefined) return writeAll(stream, events);
    const last = known.at(-1);
    return last === undefined || known.includes(undefined) ? refused(stream) : { decision: 'repeated', last };
  };

  /** By the index, which knows every event that is still there. */
  const appendBehind = (stream: string, expected: number, events: readonly Proposed[]): Decision => {
    const head = current(stream) ?? -1;
    if (expected > head) return refused(stream);
    if (expected === head) return writeAll(stream, events);
    const there = events.map(({ id }, i) =>
      all(stream).find((record) => record.id === id && record.revision === expected + 1 + i),
    );
    const last = there.at(-1);
    if (last !== undefined && !there.includes(undefined)) return { decision: 'repeated', last };
    const mayBeginAgain = expected === -1 && there[0] === undefined && isRemoved(stream);
    return mayBeginAgain ? writeAll(stream, events) : refused(stream);
  };

  /** What metadata says is to be kept; the rest stays in the log until it is scavenged. */
  const kept = (name: string): number => {
    const metadata = all(`$$${name}`).at(-1);
    const text = metadata === undefined ? '{}' : Buffer.from(metadata.data).toString('utf8');
    const { $maxCount }: { $maxCount?: number } = JSON.parse(text);
    return $maxCount ?? Infinity;
  };

  return {
    records,
    append: (stream, expected, events) => {
      if (tombstoned.has(stream)) return { decision: 'deleted' };
      if (expected === 'any') return appendOpen(stream, events);
      if (expected === 'no-stream') return appendBehind(stream, -1, events);
      if (expected !== 'stream-exists') return appendBehind(stream, expected, events);
      return current(stream) === null || isRemoved(stream) ? refused(stream) : appendOpen(stream, events);
    },
    after: (position, count) => {
      let [from, to] = [0, records.length];
      while (from < to) {
        const middle = (from + to) >> 1;
        if ((records[middle]?.position ?? 0n) > position) to = middle;
        else from = middle + 1;
      }
      return records.slice(from, from + count);
    },
    stream: (name) => {
      if (current(name) === null || isRemoved(name)) return null;
      const since = removedUpTo.get(name) ?? -1;
      const visible = all(name).filter(({ revision }) => revision > since);
      return visible.slice(Math.max(0, visible.length - kept(name)));
    },
    isTombstoned: (name) => tombstoned.has(name),
    remove: (name) => {
      const head = current(name);
      if (head !== null) removedUpTo.set(name, head);
    },
    tombstone: (name) => void tombstoned.add(name),
    scavenge: (isGone) => {
      records.splice(0, records.length, ...records.filter((record) => !isGone(record)));
      for (const [name, own] of streams) {
        streams.set(
          name,
          own.filter((record, i) => i === own.length - 1 || !isGone(record)),
        );
      }
    },
    forgetIds: () => recent.clear(),
  };
};
