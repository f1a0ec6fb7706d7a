/** Kills and freezes workers at random, spread over the orders, so that each of them meets work. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Plan } from './plan.ts';
import type { Workers } from './processes.ts';

export type Trouble = Readonly<{
  /** So many orders are settled by now. */
  after(settled: number): void;
  /** Resolves when all trouble was made, and whoever was frozen is awake. */
  over(): Promise<void>;
}>;

/** Longer than any lease: another worker has gone on by the time this one wakes up. */
const FREEZE_MS = 4_000;
const FREEZE_MS_MORE = 4_000;

export const createTrouble = (workers: Workers, plan: Plan): Trouble => {
  const left = [...Array<'kill'>(plan.kills).fill('kill'), ...Array<'freeze'>(plan.freezes).fill('freeze')];
  const total = left.length;
  const frozen: Promise<void>[] = [];

  /** False if there is nobody to be troubled now: then it is made good later. */
  const make = (): boolean => {
    const victims = workers.awake();
    const victim = victims[randomInt(Math.max(1, victims.length))];
    if (victim === undefined) return false;
    const [what] = left.splice(randomInt(left.length), 1);
    if (what === 'kill') victim.kill();
    else frozen.push(victim.freeze(FREEZE_MS + randomInt(FREEZE_MS_MORE)));
    return true;
  };
  const catchUp = (due: number) => {
    while (total - left.length < due && make());
  };

  return {
    after: (settled) => catchUp(Math.floor((settled / plan.orders) * total)),
    over: async () => {
      for (; left.length > 0; await sleep(100)) catchUp(total);
      await Promise.all(frozen);
    },
  };
};
