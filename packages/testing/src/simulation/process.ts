/** A process of the platform: it can die, stand still, be started again, and its clock may be wrong. */
import type { Lab } from './lab.ts';

export type Process = Readonly<{
  name: string;
  /** Which life of it. What was meant for an earlier one never reaches it. */
  generation: number;
  alive(): boolean;
  /** Lets it go on with `then`, when it stands still no longer; never, if it has died since. */
  deliver(then: () => void): void;
  die(): void;
  /** Stands still for so long, beginning now. */
  freeze(ms: number): void;
  /** When it goes on; in the past for one that is not frozen. */
  frozenUntil(): number;
  clockOffset(): number;
  jump(ms: number): void;
}>;

export const createProcess = (lab: Lab, name: string, generation: number, died: () => void): Process => {
  const { kernel, trace } = lab;
  let alive = true;
  let frozenUntil = 0;
  let clockOffset = 0;

  const deliver = (then: () => void): void => {
    if (!alive) return;
    if (kernel.now() < frozenUntil) kernel.after(frozenUntil - kernel.now(), () => deliver(then));
    else {
      kernel.resumes();
      then();
    }
  };

  return {
    name,
    generation,
    alive: () => alive,
    deliver,
    die: () => {
      if (!alive) return;
      alive = false;
      trace.note(name, 'dies');
      died();
    },
    freeze: (ms) => {
      frozenUntil = Math.max(frozenUntil, kernel.now() + ms);
      trace.note(name, `stands still for ${ms} ms`);
    },
    frozenUntil: () => frozenUntil,
    clockOffset: () => clockOffset,
    jump: (ms) => {
      clockOffset = ms;
      trace.note(name, `has its clock off by ${ms} ms`);
    },
  };
};
