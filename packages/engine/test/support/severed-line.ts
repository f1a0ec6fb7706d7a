/** A way to a server that a test can cut: connections end, and new ones are refused, until it is mended. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type SeveredLine = Readonly<{
  /** The same URL, by this way. */
  url: string;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}>;

export const severedLine = async (target: string): Promise<SeveredLine> => {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = new URL(target);
  url.port = typeof address === 'object' && address !== null ? String(address.port) : '';
  const hangUp = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: url.href,
    cut: () => {
      isCut = true;
      hangUp();
    },
    mend: () => {
      isCut = false;
    },
    close: async () => {
      server.close();
      hangUp();
      await once(server, 'close');
    },
  };
};
