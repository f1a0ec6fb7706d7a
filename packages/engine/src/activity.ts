/** What this process is doing right now: lets a cancellation stop it at once, and lets people watch its progress. */
import type { DeploymentId } from '@recourse/core';

export type Progress = Readonly<{ deployment: DeploymentId; text: string }>;

export type Activity = Readonly<{
  /** Registers the hand that stops what is being done for a deployment; gives back how to take it away again. */
  begin(deployment: DeploymentId, stop: () => void): () => void;
  cancel(deployment: DeploymentId): void;
  report(progress: Progress): void;
  /** Hears every report from now on, until the returned function is called. */
  listen(listener: (progress: Progress) => void): () => void;
}>;

export const createActivity = (): Activity => {
  const stops = new Map<DeploymentId, () => void>();
  const listeners = new Set<(progress: Progress) => void>();
  return {
    begin: (deployment, stop) => {
      stops.set(deployment, stop);
      return () => {
        if (stops.get(deployment) === stop) stops.delete(deployment);
      };
    },
    cancel: (deployment) => stops.get(deployment)?.(),
    report: (progress) => {
      for (const listener of listeners) listener(progress);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};
