/** A socket in front of the engine's, for one adapter: taking it away leaves the engine to everybody else. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Relay = Readonly<{ socketPath: string; disconnect(): Promise<void>; close(): Promise<void> }>;

export const relayTo = async (engineSocket: string): Promise<Relay> => {
  const folder = await mkdtemp(join(tmpdir(), 'rs-'));
  const socketPath = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  // Half-open: a client that has said all it has to say still waits for the answer.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: engineSocket, allowHalfOpen: true });
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(socketPath);
  await once(server, 'listening');
  const disconnect = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    socketPath,
    disconnect,
    close: async () => {
      await disconnect();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
