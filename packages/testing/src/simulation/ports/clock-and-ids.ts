import { type Clock, type Ids, Instant } from '@recourse/core';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';

/** When every simulated world begins. */
const EPOCH_MS = 1_700_000_000_000;

/** What this process takes for the time, which may jump; how long it sleeps does not. */
export const simClock = ({ kernel }: Lab, process: Process): Clock => ({
  now: () => Instant.parse(EPOCH_MS + kernel.now() + process.clockOffset()),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      let over = false;
      const wake = () => {
        if (over) return;
        over = true;
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      signal?.addEventListener('abort', wake);
      kernel.after(ms, () => {
        if (!over) process.deliver(wake);
      });
    }),
});

/** Readable, and the same in every run of a seed. One of a world, for all its processes. */
export const simIds = (): Ids => {
  let made = 0;
  return {
    next: () => `n${(++made).toString(36)}`,
    derive: (kind, ...parts) => (kind === 'deployment' ? parts.join('-') : [kind, ...parts].join('-')),
  };
};
