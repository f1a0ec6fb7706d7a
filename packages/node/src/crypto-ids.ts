/** Ids from the platform's cryptography. */
import { createHash, randomUUID } from 'node:crypto';
import type { Ids } from '@recourse/core';

/** 160 bits: nobody finds two different parts that share an id. */
const DERIVED_LENGTH = 40;

/** `next` is a random UUID; `derive` the first 160 bits of a SHA-256. */
export const cryptoIds = (): Ids => ({
  next: () => randomUUID(),

  // JSON keeps ['ab'] and ['a', 'b'] apart, and lone surrogates too, which UTF-8 alone would fold into one.
  derive: (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, DERIVED_LENGTH),
});
