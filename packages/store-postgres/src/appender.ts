/**
 * Group commit: what is to be appended while a call is under way goes out together with the next one, in one
 * transaction. All appends of a store wait for one lock anyway; so they also share the wait for the disk.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PortError, StreamId } from '@recourse/core';
import { APPEND_BYTES_MAX, type Draft } from '@recourse/core/storing';
import * as E from 'fp-ts/lib/Either.js';
import type { Database } from './database.ts';
import { isGeneral } from './failure.ts';
import type { Row, Value } from './pool.ts';

export type Append = Readonly<{
  stream: StreamId;
  /** The version that the first event is to get, or what stands for an expectation that does not say: see `NEXT`. */
  next: number;
  drafts: readonly Draft[];
}>;

/** What the function `append` says of one append. */
export type Outcome = Readonly<{ place: 'end' | 'there' | 'nowhere'; version: number; position: string }>;

type Answer = E.Either<PortError, Outcome>;
type Waiting = Append & Readonly<{ settle: (answer: Answer) => void }>;

/** Of one call. One that reaches the bytes takes no further append, and may be over them by its last one. */
const APPENDS_MAX = 256;
const BYTES_MAX = APPEND_BYTES_MAX;

type Options = Readonly<{ schema: string; lockTimeoutMs: number; onAppended: () => void }>;

export const appender = (database: Database, options: Options): ((append: Append) => Promise<Answer>) => {
  const waiting: Waiting[] = [];
  let underWay = false;

  const send = async (): Promise<void> => {
    underWay = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0, lengthOfGroup(waiting));
      for (const [i, answer] of (await answersTo(database, options, group)).entries()) group[i]?.settle(answer);
      // Of many writers, those who have just been answered may have more, and should not miss the next call.
      if (group.length > 1 || waiting.length > 0) await nextTurn();
    }
    underWay = false;
  };

  return (append) =>
    new Promise((settle) => {
      waiting.push({ ...append, settle });
      if (!underWay) void send();
    });
};

const lengthOfGroup = (waiting: readonly Append[]): number => {
  let length = 0;
  let bytes = 0;
  for (const { drafts } of waiting) {
    if (length === APPENDS_MAX || bytes >= BYTES_MAX) break;
    for (const { data, metadata } of drafts) bytes += data.length + metadata.length;
    length += 1;
  }
  return length;
};

/** Never rejects. A group that fails by what is in it is sent one by one, so that nobody fails by another's fault. */
const answersTo = async (
  database: Database,
  options: Options,
  group: readonly Append[],
): Promise<readonly Answer[]> => {
  const together = await call(database, options, group)();
  if (E.isRight(together)) {
    if (together.right.some(({ place }) => place === 'end')) options.onAppended();
    return together.right.map((outcome) => E.right(outcome));
  }
  if (group.length === 1 || isGeneral(together.left.cause)) return group.map(() => together);
  const answers: Answer[] = [];
  for (const append of group) answers.push(...(await answersTo(database, options, [append])));
  return answers;
};

const call = (database: Database, { schema, lockTimeoutMs }: Options, group: readonly Append[]) => {
  const [{ stream } = { stream: 'nothing' }, ...others] = group;
  const doing = others.length === 0 ? `append to ${stream}` : 'append';
  const drafts = group.flatMap((append) => append.drafts);
  const values: readonly Value[] = [
    lockTimeoutMs,
    group.map((append) => append.stream),
    group.map(({ next }) => next),
    group.map((append) => append.drafts.length),
    drafts.map(({ id }) => id),
    drafts.map(({ type }) => type),
    drafts.map(({ schemaVersion }) => schemaVersion),
    drafts.map(({ data }) => data),
    drafts.map(({ metadata }) => metadata),
  ];
  return database.ask(
    doing,
    `select ${schema}.append($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values,
    outcomesOf(group.length),
  );
};

const outcomesOf =
  (count: number) =>
  ([row]: readonly Row[]): readonly Outcome[] => {
    const lines = (row?.[0] ?? '').split('\n').slice(0, -1);
    if (lines.length !== count) throw new TypeError(`expected ${count} outcomes, found ${lines.length}`);
    return lines.map(outcomeOf);
  };

const outcomeOf = (line: string): Outcome => {
  const [place, version, position = ''] = line.split(' ');
  if (place !== 'end' && place !== 'there' && place !== 'nowhere') throw new TypeError(`"${line}" is no outcome`);
  return { place, version: Number(version), position };
};
