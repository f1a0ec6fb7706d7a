/** The one way to the engine. Only this folder knows the client library, and only this file how its failures look. */
import type { CancelSignal } from '@recourse/core';
import Dockerode from 'dockerode';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { DockerConnection } from '../options.ts';
import { plainText } from '../plain-text.ts';

/** What the engine said instead of doing it; `status` is null if it could not be asked at all. */
export type EngineFault = Readonly<{ status: number | null; message: string; cancelled: boolean }>;

export type Call<A> = TaskEither<EngineFault, A>;

/**
 * Asks the engine: `ask` gets the client, and a signal that aborts when the caller's does or when time is up.
 * `withinMs` null leaves the time to the caller.
 */
export type Engine = <A>(
  ask: (docker: Dockerode, signal: AbortSignal) => Promise<A>,
  limits?: Readonly<{ signal?: CancelSignal; withinMs?: number | null }>,
) => Call<A>;

const ANSWER_WITHIN_MS = 60_000;
const MESSAGE_MAX = 1000;
/** The longest that a timer takes, 24 days. */
const FOREVER_MS = 2 ** 31 - 1;

export const connect = ({ socketPath, remote }: DockerConnection): Engine => {
  // All is said explicitly: what is left open the client takes from DOCKER_HOST, which would win over a socketPath.
  const docker = new Dockerode(
    remote === undefined
      ? { socketPath: socketPath ?? '/var/run/docker.sock', host: undefined, protocol: 'http', timeout: undefined }
      : { ...remote, protocol: 'https', timeout: undefined },
  );
  return (ask, limits = {}) =>
    async () => {
      const { withinMs = ANSWER_WITHIN_MS } = limits;
      const { signal, release } = linkedTo(limits.signal, withinMs);
      try {
        signal.throwIfAborted();
        return E.right(await Promise.race([ask(docker, signal), whenAborted(signal)]));
      } catch (error) {
        return E.left(faultOf(error, limits.signal?.aborted === true));
      } finally {
        release();
      }
    };
};

/** The client has methods that pay no attention to a signal. */
const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** For the requests that the client's own methods would put into the URL whole, or would not let be cancelled. */
export const dial = (docker: Dockerode, request: Parameters<Dockerode['modem']['dial']>[0]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    docker.modem.dial(request, (error: Error | null, answer: unknown) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });

/** A signal of the platform that follows one of the ports, and the clock. */
const linkedTo = (
  signal: CancelSignal | undefined,
  withinMs: number | null,
): Readonly<{ signal: AbortSignal; release(): void }> => {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(
    () => controller.abort(new Error(`there was no answer within ${withinMs} ms`)),
    withinMs ?? FOREVER_MS,
  );
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  const release = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, release };
};

/** The cause is not kept: the client's error may carry the request with all that was in it. */
const faultOf = (error: unknown, cancelled: boolean): EngineFault => {
  const message = error instanceof Error ? error.message : String(error);
  return { status: statusOf(error), message: plainText(spoken(message), MESSAGE_MAX), cancelled };
};

const statusOf = (error: unknown): number | null =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : null;

/** Without the client's own frame around the engine's words. */
const spoken = (message: string): string => message.replace(/^\(HTTP code \d+\) (?:.*?) - /s, '').trim();

/** For calls where not finding it is an answer. */
export const orAbsent =
  <A, B>(call: Call<A>, absent: B): Call<A | B> =>
  async () => {
    const result = await call();
    return E.isLeft(result) && result.left.status === 404 ? E.right(absent) : result;
  };

/** For calls where finding it done already is an answer. */
export const orAlready =
  (call: Call<unknown>): Call<void> =>
  async () => {
    const result = await call();
    return E.isLeft(result) && result.left.status !== 304 ? result : E.right(undefined);
  };
