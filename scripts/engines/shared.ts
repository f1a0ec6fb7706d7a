/**
 * One engine of each kind for a whole test run, started by the first test file that asks: the test runner's own
 * process listens on a port that its workers, and the programs that these start, learn from the environment.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

const variable = 'RECOURSE_SHARED_ENGINE';

type Shared = Readonly<{ address: string; stop(): Promise<void> }>;

/** Offers the engines that these start, by name; returns what ends the offer and whatever was started. */
export const shareEngines = async (
  beginnings: Readonly<Record<string, () => Promise<Shared>>>,
): Promise<() => Promise<void>> => {
  const engines = new Map<string, Promise<Shared>>();
  const start = async (name: string): Promise<Shared> => {
    const begin = beginnings[name];
    if (begin === undefined) throw new Error(`a test run has no ${name}`);
    return begin();
  };
  const server = createServer((asker) => {
    asker.on('error', () => undefined);
    createInterface({ input: asker }).once('line', (name) => {
      const engine = engines.get(name) ?? start(name);
      engines.set(name, engine);
      engine.then(
        ({ address }) => asker.end(JSON.stringify({ address })),
        (error) => asker.end(JSON.stringify({ failure: String(error) })),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  process.env[variable] = typeof address === 'object' && address ? String(address.port) : '';
  return async () => {
    delete process.env[variable];
    server.close();
    const started = await Promise.allSettled(engines.values());
    await Promise.all(started.map((engine) => (engine.status === 'fulfilled' ? engine.value.stop() : undefined)));
  };
};

/** Where the shared engine of that name is; undefined outside a test run. */
export const askForSharedEngine = async (name: string): Promise<string | undefined> => {
  const port = Number(process.env[variable]);
  if (!port) return undefined;
  const runner = connect(port, '127.0.0.1');
  runner.write(`${name}\n`);
  const answer: { address?: string; failure?: string } = JSON.parse(await text(runner));
  if (!answer.address) throw new Error(`The ${name} that this test run shares did not start: ${answer.failure}`);
  return answer.address;
};
