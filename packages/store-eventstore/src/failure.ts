/** What the server and its client say when they cannot, in the ports' words. */
import type { PortError } from '@recourse/core';

/** An error in the clients' manner: `type` says what it is. */
export const typedError = (type: string, message: string): Error => Object.assign(new Error(message), { type });

export const typeOf = (cause: unknown): string | null => {
  const type: unknown = field(cause, 'type');
  return typeof type === 'string' ? type : null;
};

/** Of the stream that an append did not fit, if the error tells; EventStoreDB and KurrentDB each have their word. */
export const actualIn = (cause: unknown): number | null => {
  const actual = field(cause, 'actualVersion') ?? field(cause, 'actualState');
  return typeof actual === 'bigint' && actual >= 0n ? Number(actual) : null;
};

/** The error for what was thrown while `doing` something. */
export const failure = (doing: string, cause: unknown): PortError => {
  const { kind, code, reason } = readingOf(cause);
  return { kind, code, message: `Cannot ${doing}: ${reason}.`, cause };
};

type Reading = Pick<PortError, 'kind' | 'code'> & Readonly<{ reason: string }>;

/** By the error's type. What is not listed may pass: to read again and decide again does no harm. */
const readingOf = (cause: unknown): Reading => {
  switch (typeOf(cause)) {
    case 'access-denied':
      return permanent('access-denied', 'the server refused. Its user has to read $all and to write our streams');
    case 'stream-deleted':
    case 'stream-tombstoned':
      return permanent('stream-deleted', 'the stream was deleted for ever, on the server. Restore it from a backup');
    case 'maximum-append-size-exceeded':
    case 'transaction-max-size-exceeded':
    case 'append-record-size-exceeded':
      return permanent(
        'too-large',
        `it is over the server's limit${limitIn(cause)}. Keep less in it, or raise the limit`,
      );
    case 'corrupt':
      return permanent('corrupt', `${messageOf(cause)}. Nobody else may write streams of ours`);
    case 'server-too-old':
      return permanent('unsupported-server', 'the server does not tell positions. Update it to 22.6 or newer');
    default:
      return { kind: 'transient', code: 'store/unavailable', reason: `${messageOf(cause)}. Try again` };
  }
};

const permanent = (problem: string, reason: string): Reading => ({
  kind: 'permanent',
  code: `store/${problem}`,
  reason,
});

const limitIn = (cause: unknown): string => {
  const max = field(cause, 'maxAppendSize') ?? field(cause, 'maxSize');
  return typeof max === 'number' && Number.isFinite(max) ? ` of ${max} bytes` : '';
};

/** Errors of the client often have no message but a type. */
const messageOf = (cause: unknown): string => {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message === '' ? `the client says "${typeOf(cause) ?? 'nothing'}"` : message;
};

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
