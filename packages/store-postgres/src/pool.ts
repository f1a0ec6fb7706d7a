/** What is asked of a pool of connections: no more than what `pg` has, so that a platform can give its own. */

/** A query's row, each column as PostgreSQL writes it. */
export type Row = readonly (string | null)[];

export type Value = string | number | null | readonly (string | number)[];

export type Query = {
  text: string;
  values: Value[];
  rowMode: 'array';
  types: { getTypeParser: () => (text: string) => string };
};

export type PostgresClient = {
  query(query: Query): Promise<{ rows: unknown[] }>;
  on(event: 'error' | 'notification', listener: () => void): unknown;
  off(event: 'error' | 'notification', listener: () => void): unknown;
  /** With `true` the connection is closed instead of used again. */
  release(destroy?: boolean): void;
};

/** `Pool` of `pg`, or what has these members of it. */
export type PostgresPool = {
  connect(callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void;
  readonly options?: { readonly max?: number | undefined } | undefined;
};
