/** Bytes on the wire, for what no HTTP client would send and no HTTP server would answer. */
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export type RawApp = Readonly<{
  port: number;
  /** What arrived, one string a connection. */
  seen: readonly string[];
}>;

/** An application that does with each connection's bytes what it is told; `chunk` is what just came. */
export const freshRawApp = async (
  onData: (socket: Socket, told: Readonly<{ chunk: string; connection: number }>) => void,
): Promise<RawApp> => {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = seen.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      const chunk = data.toString('latin1');
      seen[connection] += chunk;
      onData(socket, { chunk, connection });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { port: address.port, seen };
};

/** Sends bytes and gives back everything that comes until the other side closes, or until `enough`. */
export const speak = (port: number, text: string, enough: (answer: string) => boolean = () => false): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      if (enough(answer)) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => resolve(answer));
  });
