/**
 * What runs SQL on a platform's own connections, as pg-boss asks for it. In words of our own, so that pg-boss's types,
 * which a strict compiler refuses, stay behind this package's door.
 */
export type SqlExecutor = {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  /** Calls `onNotification` for each NOTIFY, and `onReconnect` after each beginning. */
  listen?(
    channel: string,
    onNotification: (payload: string) => void,
    onReconnect: () => void,
  ): Promise<{ close(): Promise<void> }>;
};
