/**
 * One engine for a whole test run, started by the first test file that asks: the test runner's own process listens
 * on a port that its workers, and the programs that these start, learn from the environment.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';

const variable = 'RECOURSE_SHARED_ENGINE';

type Shared = Readonly<{ socketPath: string; stop(): Promise<void> }>;

/** Offers the engine that `begin` starts; returns what ends the offer and the engine, if it was ever started. */
export const shareEngine = async (begin: () => Promise<Shared>): Promise<() => Promise<void>> => {
  let engine: Promise<Shared> | undefined;
  const server = createServer((asker) => {
    asker.on('error', () => undefined);
    engine ??= begin();
    engine.then(
      ({ socketPath }) => asker.end(JSON.stringify({ socketPath })),
      (error) => asker.end(JSON.stringify({ failure: String(error) })),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  process.env[variable] = typeof address === 'object' && address ? String(address.port) : '';
  return async () => {
    delete process.env[variable];
    server.close();
    await engine?.then(
      ({ stop }) => stop(),
      () => undefined,
    );
  };
};

/** Where the shared engine listens; undefined outside a test run. */
export const askForSharedEngine = async (): Promise<string | undefined> => {
  const port = Number(process.env[variable]);
  if (!port) return undefined;
  const answer: { socketPath?: string; failure?: string } = JSON.parse(await text(connect(port, '127.0.0.1')));
  if (!answer.socketPath) throw new Error(`The engine that this test run shares did not start: ${answer.failure}`);
  return answer.socketPath;
};
