/** What SQLite says when it cannot, in the ports' words. */
import type { PortError } from '@recourse/core';

type Reading = Pick<PortError, 'kind' | 'code'> & Readonly<{ reason: string }>;

/** By SQLite's primary result code. What is not listed may pass: to ask again does no harm. */
const readings: ReadonlyMap<number, Reading> = new Map([
  [5, unavailable('another process kept it locked. Try again; if it lasts, look for a process stopped in mid-write')],
  [6, unavailable('it is locked. Try again')],
  [8, unavailable('it is read-only. Check that this user may write the file and its folder')],
  [10, unavailable('the disk failed. Look at the system log')],
  [13, unavailable('the disk is full. Free some space')],
  [14, unavailable('it cannot be opened. Check that its folder exists and that this user may write there')],
  [1, damaged('its tables are not as a release of this package left them. Restore it from a backup')],
  [11, damaged('it is damaged. Restore it from a backup')],
  [26, damaged('it is not a SQLite database any more. Restore it from a backup')],
]);

/** The error for what was thrown while `doing` something with `file`. */
export const failure = (doing: string, file: string, cause: unknown): PortError => {
  const { kind, code, reason } = readingOf(cause);
  return { kind, code, message: `Cannot ${doing} in ${file}: ${reason}.`, cause };
};

/** Whether another connection has the lock: nothing was done, and waiting may help. */
export const isLocked = (cause: unknown): boolean => resultCode(cause) === 5 || resultCode(cause) === 6;

/** Whether the file's content is not SQLite's. */
export const isNotADatabase = (cause: unknown): boolean => resultCode(cause) === 26;

function unavailable(reason: string): Reading {
  return { kind: 'transient', code: 'store/unavailable', reason };
}

function damaged(reason: string): Reading {
  return { kind: 'permanent', code: 'store/corrupt', reason };
}

const readingOf = (cause: unknown): Reading => {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (isClosed(cause)) return unavailable('it was closed');
  const code = resultCode(cause);
  if (code === null) return damaged(`it holds what this release cannot read (${message})`);
  return readings.get(code) ?? unavailable(message);
};

/** The primary result code: the low byte of the extended one. */
const resultCode = (cause: unknown): number | null =>
  cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number' ? cause.errcode & 0xff : null;

const isClosed = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ERR_INVALID_STATE';
