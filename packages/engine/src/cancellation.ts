import type { CancelSignal } from '@recourse/core';

export type Cancellation = Readonly<{ signal: CancelSignal; cancel(): void }>;

/** A signal and the hand that sets it off. Also set off by any of the parents, until `release`. */
export const cancellation = (...parents: readonly CancelSignal[]): Cancellation & Readonly<{ release(): void }> => {
  const listeners = new Set<() => void>();
  let aborted = false;

  const cancel = () => {
    if (aborted) return;
    aborted = true;
    for (const listener of [...listeners]) listener();
  };
  const release = () => {
    for (const parent of parents) parent.removeEventListener('abort', cancel);
  };

  for (const parent of parents) {
    if (parent.aborted) cancel();
    else parent.addEventListener('abort', cancel);
  }
  const signal: CancelSignal = {
    get aborted() {
      return aborted;
    },
    addEventListener: (_type, listener) => void listeners.add(listener),
    removeEventListener: (_type, listener) => void listeners.delete(listener),
  };
  return { signal, cancel, release };
};
