/** Identity. Both give lower-case letters, digits and `-`, at most 40 characters. */
export interface Ids {
  /** A new id, never given before, by anyone. */
  next(): string;
  /** The same id for the same parts, a different one for different parts: how one command becomes one deployment. */
  derive(...parts: readonly string[]): string;
}
