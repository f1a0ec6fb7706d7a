/** Whether a value is plain JSON that comes back from its text just as it went in. */
import type { Json } from '@recourse/core';

/** JSON.stringify and every reader recurse: what is nested deeper might be written and then not be read. */
export const DEPTH_MAX = 64;

/** Where `value` is not plain JSON, and why; null if it is. Never tells the value: it might be a secret. */
export const flawIn = (value: unknown, field: string, depth = 0): string | null => {
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'string') return flawInText(value, field);
  if (typeof value === 'number') return Number.isFinite(value) ? null : `${field} is not a number that JSON can say`;
  if (typeof value !== 'object') return `${field} is ${typeof value}, which JSON cannot say`;
  if (depth === DEPTH_MAX) return `${field} is nested deeper than ${DEPTH_MAX} levels`;
  if (Array.isArray(value)) return firstFlaw(value.keys(), (i) => flawIn(value[i], `${field}[${i}]`, depth + 1));
  if (!isPlain(value)) return `${field} is not a plain object`;
  return firstFlaw(Object.entries(value), ([key, member]) => {
    return flawInText(key, `a key of ${field}`) ?? flawIn(member, `${field}.${key}`, depth + 1);
  });
};

/** SQLite and others would keep a NUL or half a character as something else. */
export const flawInText = (text: string, field: string): string | null => {
  if (text.includes('\0')) return `${field} holds a NUL character`;
  return text.isWellFormed() ? null : `${field} holds half of a surrogate pair`;
};

/** The value of a text that `JSON.stringify` made. Throws on any other. */
export const parsed = (text: string): Json => JSON.parse(text);

const firstFlaw = <A>(members: Iterable<A>, flawOf: (member: A) => string | null): string | null => {
  for (const member of members) {
    const flaw = flawOf(member);
    if (flaw !== null) return flaw;
  }
  return null;
};

/** Its prototype is nobody's, or is the root of all others, in whichever realm it was made. */
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};
