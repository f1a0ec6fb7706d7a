import type { Server } from './server.ts';

/** Of the last event of a stream, by its name on the server; null if there is no such stream. */
export const versionOfHead = async (server: Server, stream: string): Promise<number | null> => {
  let version: number | null = null;
  await server.readStream(stream, { fromRevision: 'end', direction: 'backwards', maxCount: 1 }, ({ revision }) => {
    version = Number(revision);
  });
  return version;
};
