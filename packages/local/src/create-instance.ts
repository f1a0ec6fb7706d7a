/** Makes an instance's files: a working copy of the bundle, and the record of what it is. Starts nothing. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildInputs, type CancelSignal, Digest, InstanceId, type StartOrder } from '@recourse/core';
import { readManifest, SERVER, staticServer, TREE } from './bundle.ts';
import { codeOf, Failure } from './failure.ts';
import { type InstanceRecord, RECORD } from './instance-files.ts';
import type { Layout } from './layout.ts';
import { environmentOf, findProgram } from './run-instance.ts';
import * as errors from './runtime-errors.ts';
import { withScratch } from './scratch.ts';
import { shelfOf } from './shelf.ts';
import { defaultLimits, unpack } from './unpack.ts';

/** The folder, inside an instance's own, in which the app runs. */
export const WORK = join('bundle', TREE);

/** False if there is something under the key already. The instance appears whole, by one rename, or not at all. */
export const createInstance = (
  layout: Layout,
  order: StartOrder,
  ports: ReadonlySet<number>,
  signal: CancelSignal,
): Promise<boolean> =>
  withScratch(layout.tmp, async (scratch) => {
    const id = InstanceId.parse(`${order.key}.${randomBytes(8).toString('hex')}`);
    const folder = join(scratch, order.key, id);
    await mkdir(join(folder, 'bundle'), { recursive: true });
    const start = await unpackBundle(layout, order, join(folder, 'bundle'), signal);

    const { PATH = '' } = environmentOf(id, folder, 0, order.variables);
    if ((await findProgram(start[0] ?? '', join(folder, WORK), PATH)) === null) {
      const why = `its start command ${JSON.stringify(start[0])} is neither in the image nor on this machine.`;
      throw new Failure(errors.startFailed(order, why));
    }
    const { key, deployment, environment, image } = order;
    const port = await freePort(ports);
    const record: InstanceRecord = { format: 1, id, key, deployment, environment, digest: image.digest, port, start };
    await writeFile(join(folder, RECORD), JSON.stringify(record), { flush: true });
    return rename(join(scratch, order.key), join(layout.instances, order.key)).then(() => true, unlessOccupied);
  });

/** Takes the bundle apart and proves it as it is read; the words that start the app. */
const unpackBundle = async (
  layout: Layout,
  order: StartOrder,
  folder: string,
  signal: CancelSignal,
): Promise<string[]> => {
  const file = shelfOf(layout).fileOf(order.image.digest);
  const gone = (cause: unknown): never => {
    throw codeOf(cause) === 'ENOENT' ? new Failure(errors.imageGone(order)) : cause;
  };
  const hash = createHash('sha256');
  const bytes = hashed(createReadStream(file), hash);
  await unpack(bytes, folder, { limits: defaultLimits, problems: errors.unpackProblems(order), signal }).catch(gone);
  if (Digest.parse(`sha256:${hash.digest('hex')}`) !== order.image.digest) throw new Failure(errors.imageGone(order));
  const { inputs, runnable } = await readManifest(file).catch(gone);
  return startOf(inputs, runnable);
};

async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

const startOf = (inputs: BuildInputs, runnable: boolean): string[] => {
  if (inputs.preset === 'command') return [...inputs.start];
  if (inputs.preset !== 'static') throw new Error(`a bundle cannot be of preset ${inputs.preset}`);
  return ['node', runnable ? join('..', SERVER) : fileURLToPath(staticServer), inputs.directory];
};

/** A port that nobody listens on now, and that no instance has been given. */
const freePort = async (taken: ReadonlySet<number>): Promise<number> => {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer().once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
      });
    });
    if (port !== 0 && !taken.has(port)) return port;
  }
};

const unlessOccupied = (cause: unknown): false => {
  if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(cause) ?? '')) throw cause;
  return false;
};
