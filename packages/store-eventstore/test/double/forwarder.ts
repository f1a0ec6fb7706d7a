/** A connection with a hand on it: it forwards to a server, and can cut all that is under way, or let nobody in. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Forwarder = Readonly<{
  port: number;
  /** Ends all connections; new ones are welcome. */
  cut(): void;
  /** Ends all connections and refuses new ones, for good. */
  refuse(): Promise<void>;
  /** Forwards nothing any more, without ending anything, until `flow`. */
  stall(): void;
  flow(): void;
}>;

export const forwardTo = async (target: Readonly<{ host: string; port: number }>): Promise<Forwarder> => {
  const pairs = new Set<readonly [Socket, Socket]>();
  let stalled = false;

  const server = createServer((from) => {
    const to = connect(target);
    const pair = [from, to] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      from.destroy();
      to.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    if (!stalled) join(pair);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const [from, to] of pairs) {
      from.destroy();
      to.destroy();
    }
  };

  return {
    port: portOf(server.address()),
    cut,
    refuse: async () => {
      cut();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
    stall: () => {
      stalled = true;
      for (const [from, to] of pairs) {
        from.unpipe(to).pause();
        to.unpipe(from).pause();
      }
    },
    flow: () => {
      stalled = false;
      for (const pair of pairs) join(pair);
    },
  };
};

const join = ([from, to]: readonly [Socket, Socket]): void => {
  from.pipe(to);
  to.pipe(from);
};

const portOf = (address: AddressInfo | string | null): number => {
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
};
