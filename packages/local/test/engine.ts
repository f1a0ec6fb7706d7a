/** A local engine for a test, in a directory of its own, and what tests do with it. */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildInputs, type BuiltImage, type Instance, type StartOrder, StepKey } from '@recourse/core';
import { localEngine } from '@recourse/local';
import { eventually, type Project, right } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { onTestFinished } from 'vitest';
import { processesIn, temporaryDirectory } from './hands.ts';
import { startOrder } from './orders.ts';
import { orderOf } from './projects.ts';

export const aKey = () => StepKey.parse(`run-${randomUUID()}`);
export const never = () => new AbortController().signal;

export const freshEngine = async (options: { registry?: string } = {}) => {
  const { path: directory, parent, remove } = await temporaryDirectory();
  const engine = localEngine({ directory, ...options });
  const { builder, runtime } = engine;
  onTestFinished(async () => {
    for (const { key } of await right(runtime.list())) await right(runtime.stop(key, { graceMs: 0 }));
    await remove();
  });

  const build = ({ inputs, tree }: Project, key = aKey()): Promise<BuiltImage> =>
    right(builder.build({ ...orderOf(inputs), key }, TE.fromIO(tree), { onProgress: () => {}, signal: never() }));
  const order = async (project: Project, variables: Record<string, string> = {}): Promise<StartOrder> =>
    startOrder(aKey(), (await build(project)).image, project.inputs, variables);
  const start = (what: StartOrder) => right(runtime.start(what, never()));

  return {
    ...engine,
    directory,
    parent,
    build,
    order,
    start,
    bundles: () => readdir(join(directory, 'images')),
    scratch: () => readdir(join(directory, 'tmp')),
    processes: () => processesIn(directory),
  };
};

/** What the instance answers, once it does. */
export const ask = async ({ address: { host, port } }: Instance, path = '/'): Promise<Response> => {
  const answer = await eventually(
    () => fetch(`http://${host}:${port}${path}`, { headers: { connection: 'close' } }).catch(() => null),
    (response) => response !== null,
  );
  if (answer === null) throw new Error('no answer');
  return answer;
};

export const staticInputs = (directory: string, runnable: boolean): BuildInputs =>
  ({ preset: 'static', directory, runnable }) as BuildInputs;
