/** Makes a failing run small: fewer and smaller choices, as long as the same invariant breaks. */
import type { Plan } from './choices.ts';

export type Shrunk = Readonly<{ plan: Plan; replays: number }>;

export type ShrinkOptions = Readonly<{
  /** Whether the run of this plan still fails in the same way. */
  fails: (plan: Plan) => Promise<boolean>;
  replaysMax?: number;
}>;

type Entry = readonly [name: string, value: number];

/** Delta debugging over the choices (Zeller and Hildebrandt), then each remaining value is lowered. */
export const shrink = async (failing: Plan, { fails, replaysMax = 2_000 }: ShrinkOptions): Promise<Shrunk> => {
  let replays = 0;
  const stillFails = (entries: readonly Entry[]): Promise<boolean> => {
    replays++;
    return fails(new Map(entries));
  };
  const spent = () => replays >= replaysMax;

  const fewer = await withFewer([...failing], stillFails, spent);
  const smaller = await withSmaller(fewer, stillFails, spent);
  return { plan: new Map(smaller), replays };
};

type Oracle = (entries: readonly Entry[]) => Promise<boolean>;

const withFewer = async (
  all: readonly Entry[],
  stillFails: Oracle,
  spent: () => boolean,
): Promise<readonly Entry[]> => {
  let entries = all;
  let parts = 2;
  while (entries.length > 0 && !spent()) {
    const size = Math.ceil(entries.length / parts);
    const without = await firstThatFails(entries, size, stillFails, spent);
    if (without !== null) {
      entries = without;
      parts = Math.max(2, parts - 1);
    } else if (size <= 1) break;
    else parts = Math.min(entries.length, parts * 2);
  }
  return entries;
};

/** The entries without one part of them, if that still fails. */
const firstThatFails = async (
  entries: readonly Entry[],
  size: number,
  stillFails: Oracle,
  spent: () => boolean,
): Promise<readonly Entry[] | null> => {
  for (let from = 0; from < entries.length && !spent(); from += size) {
    const without = [...entries.slice(0, from), ...entries.slice(from + size)];
    if (await stillFails(without)) return without;
  }
  return null;
};

const withSmaller = async (
  all: readonly Entry[],
  stillFails: Oracle,
  spent: () => boolean,
): Promise<readonly Entry[]> => {
  let entries = all;
  for (const [name, value] of all) {
    for (let lower = 1; lower < value && !spent(); lower = lower * 2 + 1) {
      const lowered = entries.map((entry): Entry => (entry[0] === name ? [name, Math.min(lower, value)] : entry));
      if (!(await stillFails(lowered))) continue;
      entries = lowered;
      break;
    }
  }
  return entries;
};
