/** What this package asks of the engine about containers. */
import type { Address } from '@recourse/core';
import type Dockerode from 'dockerode';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { addressOf } from '../labels.ts';
import type { ContainerRequest } from '../requests.ts';
import { type Call, dial, type Engine, orAbsent, orAlready } from './connection.ts';

export type Container = Readonly<{
  id: string;
  imageId: string;
  labels: Readonly<Record<string, string>>;
  /** Docker's word: created, running, paused, restarting, removing, exited, dead. */
  status: string;
  exitCode: number;
  /** When the current run began, in milliseconds since 1970. */
  startedAt: number;
  /** How often Docker has started it again by itself since it was last told to start. */
  restarts: number;
  /** Where it can be reached, as it was created; null if it is not ours. */
  address: Address | null;
}>;

export type ListedContainer = Readonly<{ id: string; imageId: string; labels: Readonly<Record<string, string>> }>;

/** Its id. The name goes into the URL, all else into the body: variables hold secrets. */
export const createContainer = (engine: Engine, name: string, body: ContainerRequest): Call<string> =>
  engine(async (docker, abortSignal) => {
    const answer = await dial(docker, {
      path: '/containers/create?',
      method: 'POST',
      options: { _query: { name }, _body: body },
      abortSignal,
      statusCodes: { 201: true },
    });
    if (!hasId(answer)) throw new Error('The engine created a container without telling its id.');
    return answer.Id;
  });

const hasId = (answer: unknown): answer is Readonly<{ Id: string }> =>
  typeof answer === 'object' && answer !== null && 'Id' in answer && typeof answer.Id === 'string';

export const startContainer = (engine: Engine, id: string): Call<void> =>
  orAlready(engine((docker, abortSignal) => docker.getContainer(id).start({ abortSignal })));

export const inspectContainer = (engine: Engine, nameOrId: string): Call<Container | null> =>
  orAbsent(
    engine(async (docker, abortSignal) => containerOf(await docker.getContainer(nameOrId).inspect({ abortSignal }))),
    null,
  );

const containerOf = (info: Dockerode.ContainerInspectInfo): Container => ({
  id: info.Id,
  imageId: info.Image,
  labels: info.Config.Labels ?? {},
  status: info.State.Status,
  exitCode: info.State.ExitCode,
  startedAt: Date.parse(info.State.StartedAt),
  restarts: info.RestartCount,
  address: addressOf(info.Config.Labels ?? {}),
});

export const listContainers = (engine: Engine, filters: Record<string, string[]>): Call<readonly ListedContainer[]> =>
  engine(async (docker, abortSignal) =>
    (await docker.listContainers({ all: true, filters, abortSignal })).map(({ Id, ImageID, Labels }) => ({
      id: Id,
      imageId: ImageID,
      labels: Labels ?? {},
    })),
  );

const MARGIN_MS = 60_000;

/** Asks it to end and ends it by force after the grace period, which Docker counts in whole seconds. */
export const stopContainer = (engine: Engine, id: string, graceMs: number): Call<void> =>
  pipe(
    orAlready(
      engine((docker, abortSignal) => docker.getContainer(id).stop({ t: Math.ceil(graceMs / 1000), abortSignal }), {
        withinMs: graceMs + MARGIN_MS,
      }),
    ),
    (call) => orAbsent(call, undefined),
    TE.map(() => undefined),
  );

/** By force, with its anonymous volumes. True if it is gone, false if somebody else is just removing it. */
export const removeContainer = (engine: Engine, id: string): Call<boolean> =>
  pipe(
    orAbsent(
      engine((docker, abortSignal) => docker.getContainer(id).remove({ force: true, v: true, abortSignal })),
      undefined,
    ),
    TE.map(() => true),
    TE.orElse((fault) => (fault.status === 409 ? TE.right(false) : TE.left(fault))),
  );

/** Unpacks a tar archive into a container's file system. */
export const putFiles = (engine: Engine, id: string, archive: Buffer): Call<void> =>
  engine(async (docker, abortSignal) => {
    await docker.getContainer(id).putArchive(archive, { path: '/', abortSignal });
  });

/** The last entries of its log, in Docker's frames. */
export const containerLogs = (engine: Engine, id: string, tail: number): Call<Buffer> =>
  orAbsent(
    engine(async (docker, abortSignal) =>
      docker.getContainer(id).logs({ stdout: true, stderr: true, tail, abortSignal }),
    ),
    Buffer.alloc(0),
  );

/** The command lines of its processes. */
export const processesOf = (engine: Engine, id: string): Call<readonly string[]> =>
  engine(async (docker, abortSignal) => {
    const answer: unknown = await docker.getContainer(id).top({ ps_args: 'o pid,args', abortSignal });
    return isTop(answer) ? answer.Processes.map(([, command = '']) => command) : [];
  });

const isTop = (answer: unknown): answer is Readonly<{ Processes: readonly (readonly string[])[] }> =>
  typeof answer === 'object' && answer !== null && 'Processes' in answer && Array.isArray(answer.Processes);

/** Longer than the longest pause that Docker makes before it starts a container again. */
const LOOK_BACK_S = 120;

/** The exit code of its last run that ended, null if the engine does not remember. */
export const lastExitCode = (engine: Engine, id: string, startedAt: number): Call<number | null> =>
  engine(async (docker, abortSignal) => {
    const [since, until] = [Math.floor(startedAt / 1000) - LOOK_BACK_S, Math.ceil(Date.now() / 1000)];
    const filters = { container: [id], event: ['die'], type: ['container'] };
    const options = { _query: { since, until, filters: JSON.stringify(filters) } };
    const answer = await dial(docker, {
      path: '/events?',
      method: 'GET',
      options,
      abortSignal,
      statusCodes: { 200: true },
    });
    // The client parses a single event, and hands over several as they came.
    const text = Buffer.isBuffer(answer) ? answer.toString() : JSON.stringify(answer);
    const code = [...text.matchAll(/"exitCode":"(\d+)"/g)].at(-1)?.[1];
    return code === undefined ? null : Number(code);
  });
