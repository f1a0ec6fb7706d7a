import { DeploymentId, type WakeUp, type WorkQueue } from '@recourse/core';
import { expect, onTestFinished, vi } from 'vitest';

export const patience = { timeout: 30_000, interval: 5 };
export const wakeUp = (name: string): WakeUp => ({ v: 1, deploymentId: DeploymentId.parse(name) });

/** A consumer that ends with the test, and what it was given. */
export const consume = (queue: WorkQueue, handle: (message: unknown) => Promise<void> = async () => {}) => {
  const abort = new AbortController();
  const handled: unknown[] = [];
  const ended = queue.consume({ concurrency: 2, signal: abort.signal }, (message) => {
    handled.push(message);
    return handle(message);
  })();
  onTestFinished(async () => {
    abort.abort();
    await ended;
  });
  const saw = (message: WakeUp) => vi.waitFor(() => expect(handled).toContainEqual(message), patience);
  return { handled, saw, abort, ended };
};
