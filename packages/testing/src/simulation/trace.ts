/** The global log of a run. Its hash is what two runs of one seed must agree on, to the last character. */
import { hashed, hashStart, hexOf } from './hash.ts';

export type TraceLine = Readonly<{ at: number; who: string; what: string }>;

export type Trace = Readonly<{
  note(who: string, what: string): void;
  hash(): string;
  /** Empty unless lines were to be kept. */
  lines(): readonly TraceLine[];
}>;

export const createTrace = (now: () => number, keep: boolean): Trace => {
  const lines: TraceLine[] = [];
  let hash = hashStart;
  return {
    note: (who, what) => {
      const at = now();
      hash = hashed(hash, `${at} ${who} ${what}\n`);
      if (keep) lines.push({ at, who, what });
    },
    hash: () => hexOf(hash),
    lines: () => lines,
  };
};
