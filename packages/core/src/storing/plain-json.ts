/** Whether a value is plain JSON that comes back from its text just as it went in. */
import type { Json } from '../ports/event-store.ts';

/** JSON.stringify and every reader recurse: what is nested deeper might be written and then not be read. */
export const DEPTH_MAX = 64;

/** Of the way to a flaw: its keys are somebody's data, too. */
const PATH_MAX = 100;

/** Where `value`, which is called `name`, is not plain JSON, and why; null if it is. Never tells the value. */
export const flawIn = (value: unknown, name: string): string | null => {
  const flaw = findOrThrow(value);
  if (flaw === null) return null;
  const path = flaw.path.length > PATH_MAX ? `${flaw.path.slice(0, PATH_MAX)}…` : flaw.path;
  return `${name}${path} ${flaw.reason}`;
};

/** Databases would keep a NUL or half a character as something else. */
export const flawInText = (text: string, name: string): string | null => {
  const reason = reasonAgainst(text);
  return reason === null ? null : `${name} ${reason}`;
};

/** The value of a text that `JSON.stringify` made. Throws on any other. */
export const parsed = (text: string): Json => JSON.parse(text);

/** How many bytes a text has in UTF-8. */
export const utf8Length = (text: string): number => {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // Both halves of a pair have two bytes each, whatever else lies above U+07FF three.
    if (unit > 0x7ff) bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2;
    else if (unit > 0x7f) bytes += 1;
  }
  return bytes;
};

type Flaw = Readonly<{ path: string; reason: string }>;

/** A getter may throw, and so does a proxy that was revoked. */
const findOrThrow = (value: unknown): Flaw | null => {
  try {
    return find(value, 0);
  } catch {
    return flaw('throws when it is read');
  }
};

/** Runs for each append, so it makes nothing as long as all is well: the path is put together on the way back. */
const find = (value: unknown, depth: number): Flaw | null => {
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'string') return flaw(reasonAgainst(value));
  if (typeof value === 'number') return flaw(Number.isFinite(value) ? null : 'is not a number that JSON can say');
  if (typeof value !== 'object') return flaw(`is ${typeof value}, which JSON cannot say`);
  if (depth === DEPTH_MAX) return flaw(`is nested deeper than ${DEPTH_MAX} levels`);
  if (typeof Reflect.get(value, 'toJSON') === 'function') return flaw('has a toJSON, which would write something else');
  if (Array.isArray(value)) return findInArray(value, depth);
  return isPlain(value) ? findInObject(value, depth) : flaw('is not a plain object');
};

const findInArray = (value: readonly unknown[], depth: number): Flaw | null => {
  for (let i = 0; i < value.length; i += 1) {
    const found = find(value[i], depth + 1);
    if (found !== null) return { path: `[${i}]${found.path}`, reason: found.reason };
  }
  return flaw(Object.keys(value).length === value.length ? null : 'is a list with fields, which JSON cannot say');
};

const findInObject = (value: object, depth: number): Flaw | null => {
  for (const key of Object.keys(value)) {
    const reason = reasonAgainst(key);
    if (reason !== null) return { path: '', reason: `has a key that ${reason}` };
    const found = find(Reflect.get(value, key), depth + 1);
    if (found !== null) return { path: `.${key}${found.path}`, reason: found.reason };
  }
  return null;
};

const flaw = (reason: string | null): Flaw | null => (reason === null ? null : { path: '', reason });

const reasonAgainst = (text: string): string | null => {
  if (text.includes('\0')) return 'holds a NUL character';
  return text.isWellFormed() ? null : 'holds half of a surrogate pair';
};

/** Its prototype is nobody's, or is the root of all others, in whichever realm it was made. */
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};
