/** Reads the columns of a row: a value of another kind than the schema's is a damaged table, never a guess. */
import type { Row } from './pool.ts';

export const text = (row: Row, column: number): string => {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`expected text in column ${column}, found ${typeof value}`);
  return value;
};

export const integer = (row: Row, column: number): number => {
  const value = Number(text(row, column));
  if (!Number.isSafeInteger(value)) throw new TypeError(`expected an integer in column ${column}`);
  return value;
};
