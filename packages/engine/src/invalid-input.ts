/** Which field of an input is wrong, and how: with as much of it as it takes to recognise it, and never a secret. */
import type { Rejection } from '@recourse/core';
import type { z } from 'zod';

const VALUE_MAX = 80;
const PROBLEM_MAX = 200;

export const invalidInput = (input: unknown, { issues: [issue] }: z.ZodError): Rejection => {
  const path = issue?.path ?? [];
  return {
    code: 'InvalidInput',
    field: path.length === 0 ? 'the input' : path.map(nameOf).join('.'),
    value: isPrivate(path) ? 'a value that is not repeated here' : shown(valueAt(input, path), isLocator(path)),
    problem: abridged(inOurWords(issue?.message ?? 'is not valid'), PROBLEM_MAX),
  };
};

/** What is not even plain data: a getter that throws, a proxy that was revoked. */
export const unreadableInput: Rejection = {
  code: 'InvalidInput',
  field: 'the input',
  value: 'an object',
  problem: 'is not plain data: to read it throws',
};

/** What came instead is told by `value`. */
const inOurWords = (message: string): string =>
  message.replace(/^Invalid input: expected (.*?)(?:, received .*)?$/s, 'must be $1');

/** Somebody who writes `TOKEN=hunter2` where a name belongs has told a secret. */
const nameOf = (key: PropertyKey): string => abridged(String(key), VALUE_MAX).replace(/=.*$/s, '=…');

/** Of the configuration everything may be secret, also what was meant to be a mere reference. */
const isPrivate = ([first, ...more]: readonly PropertyKey[]): boolean => first === 'config' && more.length > 0;

/** Where a repository or an image is: there may be a password in it, in a place where nobody looks for one. */
const isLocator = ([first, second]: readonly PropertyKey[]): boolean =>
  first === 'source' && (second === 'repository' || second === 'reference');

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );

const shown = (value: unknown, locator: boolean): string => {
  if (typeof value === 'string') return abridged(JSON.stringify(locator ? withoutSecrets(value) : value), VALUE_MAX);
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : abridged(String(value), VALUE_MAX);
};

const withoutSecrets = (locator: string): string =>
  locator.replace(/^.*@/s, '[redacted]@').replace(/[?#].*$/s, '?[redacted]');

const abridged = (text: string, max: number): string =>
  text.length > max ? `${text.slice(0, max).toWellFormed()}… (${text.length} characters)` : text;
