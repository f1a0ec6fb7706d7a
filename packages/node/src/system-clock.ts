/** The machine's clock. */
import { type Clock, Instant } from '@recourse/core';

/** A step back of at most this much is the clock being corrected: `now` waits for it. A longer one is followed. */
const CORRECTION_MS = 60_000;

/** The longest time that a timer of the platform takes; beyond it, it would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * The Clock of this machine. `now` does not run backwards within a process when the clock is corrected by less than a
 * minute. A sleep keeps its process alive, for somebody waits for it; an aborted one leaves nothing behind.
 */
export const systemClock = (): Clock => {
  let latest = 0;

  const now = (): Instant => {
    const wall = Date.now();
    latest = wall < latest - CORRECTION_MS ? wall : Math.max(latest, wall);
    return Instant.parse(latest);
  };

  const sleep: Clock['sleep'] = (ms, signal) =>
    new Promise((resolve) => {
      const end = performance.now() + ms;
      let timer: NodeJS.Timeout | undefined;
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const wait = () => {
        const left = end - performance.now();
        if (left > 0) timer = setTimeout(wait, Math.min(Math.ceil(left), TIMER_MAX_MS));
        else wake();
      };
      if (signal?.aborted || Number.isNaN(ms)) return resolve();
      signal?.addEventListener('abort', wake);
      wait();
    });

  return { now, sleep };
};
