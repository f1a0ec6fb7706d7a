/** Waits for an answer, but not for ever. */
import { typedError } from './failure.ts';

/** Fails after `ms`, or once the signal aborts. What the answer is then, or that it failed, is nobody's business. */
export const within = <A>(ms: number, signal: AbortSignal, answer: Promise<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    const late = () => end(() => reject(typedError('deadline-exceeded', `there was no answer within ${ms} ms`)));
    const abort = () => end(() => reject(closed()));
    const timer = setTimeout(late, ms);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      settle();
    };
    signal.addEventListener('abort', abort);
    answer.then(
      (value) => end(() => resolve(value)),
      (cause) => end(() => reject(cause)),
    );
    if (signal.aborted) abort();
  });

export const closed = (): Error => typedError('closed', 'the store was closed');
