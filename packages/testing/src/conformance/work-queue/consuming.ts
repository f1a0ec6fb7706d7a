import { randomUUID } from 'node:crypto';
import { DeploymentId, WakeUp, type WorkQueue } from '@recourse/core';
import { expect, onTestFinished, vi } from 'vitest';

export const patience = { timeout: 30_000, interval: 5 };

/** A wake-up of a deployment that nobody else means. */
export const wakeUp = (): WakeUp => ({ v: 1, deploymentId: DeploymentId.parse(`d-${randomUUID()}`) });

export const isFor = (wanted: WakeUp) => (message: unknown) =>
  WakeUp.safeParse(message).data?.deploymentId === wanted.deploymentId;

export const done = () => Promise.resolve();

type Options = Readonly<{ concurrency?: number; handle?: (message: unknown) => Promise<void> }>;

/** A consumer that ends with the test. */
export const consume = (queue: WorkQueue, { concurrency = 1, handle = done }: Options = {}) => {
  const abort = new AbortController();
  const handled: unknown[] = [];
  const ended = queue.consume({ concurrency, signal: abort.signal }, (message) => {
    handled.push(message);
    return handle(message);
  })();
  const saw = (message: WakeUp, times = 1) =>
    vi.waitFor(() => expect(handled.filter(isFor(message)).length).toBeGreaterThanOrEqual(times), patience);
  const end = async () => {
    abort.abort();
    return ended;
  };
  onTestFinished(async () => void (await end()));
  return { handled, saw, abort, ended, end };
};
