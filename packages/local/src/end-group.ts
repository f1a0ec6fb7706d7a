/** Signals to a group of processes that this package started. */
import { codeOf } from './failure.ts';

/** Sends it to every process of the group; a group that is already gone is what was wanted. */
export const endGroup = (leader: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void => {
  // 0 and 1 would mean ourselves and everybody.
  if (leader === undefined || leader <= 1) return;
  try {
    process.kill(-leader, signal);
  } catch (cause) {
    if (codeOf(cause) !== 'ESRCH') throw cause;
  }
};
