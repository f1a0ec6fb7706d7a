/** Reads the columns of a row: a value of another type than the schema's is a damaged file, never a guess. */
import type { SQLOutputValue } from 'node:sqlite';

/** As `get` gives it: undefined if there was no row, which these readers refuse. */
export type Row = Readonly<Record<string, SQLOutputValue>> | undefined;

export const text = (row: Row, column: string): string => {
  const value = row?.[column];
  if (typeof value !== 'string') throw new TypeError(`expected text in column ${column}, found ${typeof value}`);
  return value;
};

export const integer = (row: Row, column: string): number => {
  const value = row?.[column];
  if (typeof value !== 'number') throw new TypeError(`expected an integer in column ${column}, found ${typeof value}`);
  return value;
};
