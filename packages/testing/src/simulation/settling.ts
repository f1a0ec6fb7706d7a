/** The second half of a run: no more faults, one more order for everyone, and then it must come to rest and stay there. */
import type { Scene } from './invariants/invariant.ts';
import type { Lab } from './lab.ts';
import type { Operator } from './operator/operator.ts';
import { misrouted, unsettled } from './settled.ts';
import type { Shape } from './shape.ts';
import type { World } from './world.ts';

export type Settling = Readonly<{
  /** The last order was given: some more trouble, then the calm. */
  begin(): void;
  over(): boolean;
  afterMs(): number | null;
}>;

/** Whoever stands still or is down is back by then, and has looked at every route. */
const LAST_ORDER_AFTER_MS = 110_000;
const LOOK_EVERY_MS = 2_000;
/** Nothing may change any more for so long: until everybody has looked for orphans once more. */
const QUIET_SWEEPS = 6.5;
/** The longest chain of what one deployment may do: every attempt of every step, with sweeps and redeliveries between. */
const WITHIN_MS = 1_200_000;

export const createSettling = (
  lab: Lab,
  shape: Shape,
  scene: Scene,
  world: World,
  operator: Operator,
  violate: (invariant: string, detail: string) => void,
): Settling => {
  const { kernel } = lab;
  let over = false;
  let since: number | null = null;
  let restedAt: number | null = null;

  const look = () => {
    if (over || since === null) return;
    const problem = unsettled(scene, shape.environments);
    if (problem === null) restedAt ??= kernel.now();
    else if (restedAt !== null)
      return violate('stays-settled', `after ${kernel.now() - restedAt} ms of rest: ${problem}`);
    const within = WITHIN_MS * (shape.deafQueue ? 2 : 1);
    if (problem !== null && kernel.now() - since > within)
      return violate('settles', `${within} ms after the last order: ${problem}`);
    if (restedAt !== null && kernel.now() - restedAt >= QUIET_SWEEPS * shape.sweepEveryMs) over = true;
    else kernel.after(LOOK_EVERY_MS, look);
  };

  return {
    begin: () => {
      const moreMs = 15_000 * lab.choices.at('the calm').pick('later', 6);
      kernel.after(moreMs, () => {
        lab.calm();
        for (const { process } of world.running()) process.jump(0);
      });
      kernel.after(moreMs + LAST_ORDER_AFTER_MS, () => {
        const lost = misrouted(scene);
        if (lost !== null) violate('mends', lost);
        since = kernel.now();
        operator.finish();
        look();
      });
    },
    over: () => over,
    afterMs: () => (restedAt === null || since === null ? null : restedAt - since),
  };
};
