/** A call of a port: a request that travels, is carried out, and is answered; or any part of that. */
import type { CancelSignal, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Moment } from './choices.ts';
import type { Lab } from './lab.ts';
import type { Process } from './process.ts';

type Answer<A> = E.Either<PortError, A>;

export type Call<A> = Readonly<{
  /** `runtime.start`: for the count of what was tried. */
  operation: string;
  /** What it is about, the same in every run: part of the name of each choice. */
  subject: string;
  /** How the port says that it could not be reached. */
  unreachable: PortError['code'];
  /** When it arrives. The answer may be given at once or later; only the first counts. */
  carryOut: (answer: (answer: Answer<A>) => void) => void;
  /** What ends the wait early: the code of the answer, and what the engine does about it. */
  cancel?: Readonly<{ signal: CancelSignal; code: PortError['code']; stop: () => void }>;
}>;

/** How long a caller waits for an answer before it gives up. */
const TIMEOUT_MS = 5_000;
/** A new one each time: what waits for a promise is kept for as long as that is. */
const never = (): Promise<never> => new Promise(() => undefined);

export const call =
  <A>(lab: Lab, process: Process, asked: Call<A>): TaskEither<PortError, A> =>
  () => {
    if (!process.alive()) return never();
    const { kernel } = lab;
    const { operation, subject } = asked;
    const moment = lab.choices.at(`${operation} ${subject}`);
    const placed = lab.operation(operation, subject);
    lab.trace.note(process.name, `${operation} ${subject}`);
    if (lab.fault(moment, 'crash-before', placed)) {
      process.die();
      return never();
    }
    const frozen = lab.severity(moment, 'freeze', placed, 6);
    if (frozen > 0) process.freeze(20_000 + 10_000 * frozen);
    const travel = 1 + Math.max(0, process.frozenUntil() - kernel.now()) + slowness(lab, moment, placed);
    return new Promise<Answer<A>>((resolve) => send(lab, process, { ...asked, placed, moment, travel }, resolve));
  };

/** A call on its way: in which place, with which chances, and how long it travels. */
type Sent<A> = Call<A> & Readonly<{ placed: string; moment: Moment; travel: number }>;

const send = <A>(lab: Lab, process: Process, sent: Sent<A>, resolve: (answer: Answer<A>) => void) => {
  const { kernel } = lab;
  const { operation, unreachable, carryOut, placed, moment, travel } = sent;
  let answered = false;
  const answer = (result: Answer<A>, ms: number) => {
    if (answered) return;
    answered = true;
    kernel.after(ms, () => process.deliver(() => resolve(result)));
  };
  const timeout = () => answer(E.left(timedOut(unreachable, operation)), TIMEOUT_MS);

  if (lab.fault(moment, 'lost', placed)) return timeout();
  const late = lab.severity(moment, 'late', placed, 4);
  if (late > 0) {
    kernel.after(travel + 20_000 * late, () => carryOut(() => undefined));
    return timeout();
  }
  listen(lab, sent, answer);
  kernel.after(travel, () =>
    carryOut((result) => {
      if (lab.fault(moment, 'crash-after', placed)) process.die();
      else if (lab.fault(moment, 'ack-lost', placed)) {
        if (operation.startsWith('store.append')) lab.saw('an acknowledgement of an append was lost');
        timeout();
      } else answer(result, 1);
    }),
  );
};

/** An adapter lets go when its signal aborts, unless it does not. */
const listen = <A>(
  lab: Lab,
  { cancel, operation, moment }: Sent<A>,
  answer: (result: Answer<A>, ms: number) => void,
): void => {
  if (cancel === undefined) return;
  const aborted = () => {
    if (lab.fault(moment, 'abort-ignored', operation)) return;
    cancel.stop();
    answer(E.left({ kind: 'transient', code: cancel.code, message: `${operation} was cancelled.` }), 5);
  };
  if (cancel.signal.aborted) aborted();
  else cancel.signal.addEventListener('abort', aborted);
};

const slowness = (lab: Lab, moment: Moment, placed: string): number => 50 * lab.severity(moment, 'slow', placed, 20);

const timedOut = (code: PortError['code'], operation: string): PortError => ({
  kind: 'transient',
  code,
  message: `${operation} was not answered within ${TIMEOUT_MS} ms.`,
});
