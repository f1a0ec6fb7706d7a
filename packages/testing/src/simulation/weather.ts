/** What happens to a platform that nobody asked for: now and then, as long as there are faults. */
import type { Digest } from '@recourse/core';
import type { Moment } from './choices.ts';
import type { WorldFault } from './faults.ts';
import type { Lab } from './lab.ts';
import { digestOf, type Engine, type SimImage } from './ports/engine.ts';
import type { SimRouter } from './ports/router.ts';
import type { Process } from './process.ts';

export type Skies = Readonly<{
  lab: Lab;
  engine: Engine;
  router: SimRouter;
  processes: () => readonly Process[];
  /** Lets one of the processes be stopped in an orderly way and started again. */
  replace: (process: Process) => void;
}>;

const EVERY_MS = 3_000;

export const weather = (skies: Skies): void => {
  const { lab } = skies;
  const possible = happenings.filter(([fault]) => lab.isPossible(fault));
  const tick = (nth: number) => {
    if (lab.isCalm()) return;
    for (const [fault, happen] of possible) {
      const moment = lab.choices.at(`weather ${fault} ${nth}`);
      if (lab.fault(moment, fault, 'the world')) happen(skies, moment);
    }
    lab.kernel.after(EVERY_MS, () => tick(nth + 1));
  };
  lab.kernel.after(EVERY_MS, () => tick(0));
};

type Happening = (skies: Skies, moment: Moment) => void;

const one = <A>(all: Iterable<A>, moment: Moment): A | undefined => {
  const list = [...all];
  return list[moment.pick('which', list.length)];
};

const pruneOne: Happening = ({ engine }, moment) => {
  const digest = one(engine.here.keys(), moment);
  if (digest !== undefined) engine.prune(digest);
};

const emptyRegistry: Happening = ({ engine, lab }, moment) => {
  const digest = one(engine.registry.keys(), moment);
  if (digest === undefined) return;
  engine.registry.delete(digest);
  lab.trace.note('world', `the registry loses ${digest.slice(7, 15)}`);
};

const moveTag: Happening = ({ engine, lab }, moment) => {
  const name = one(engine.names.keys(), moment);
  if (name === undefined) return;
  const digest: Digest = digestOf(`${name} moved at ${lab.kernel.now()}`);
  const moved: SimImage = { image: { name, digest, pullable: null }, commit: null, runnable: true };
  engine.here.set(digest, moved);
  engine.names.set(name, digest);
  lab.trace.note('world', `${name} now means ${digest.slice(7, 15)}`);
};

const killInstance: Happening = ({ engine, lab }, moment) => {
  const instance = one(
    [...engine.instances.values()].filter(({ running }) => running),
    moment,
  );
  if (instance === undefined) return;
  instance.running = false;
  instance.died = true;
  lab.trace.note('world', `${instance.order.key} dies`);
  if (moment.pick('comes back', 2) === 1)
    lab.kernel.after(4_000, () => {
      if (!instance.died) return;
      instance.running = true;
      instance.died = false;
      lab.trace.note('world', `${instance.order.key} is started again by the engine`);
    });
};

const offsets = [10_000, -10_000, 30_000, -30_000, 60_000, -60_000, 300_000, -300_000, -3_600_000, 3_600_000];

const jumpClock: Happening = ({ processes }, moment) =>
  one(processes(), moment)?.jump(offsets[moment.pick('by', offsets.length)] ?? 0);

const replaceProcess: Happening = ({ processes, replace }, moment) => {
  const process = one(processes(), moment);
  if (process !== undefined) replace(process);
};

const happenings: readonly (readonly [WorldFault, Happening])[] = [
  ['image-pruned', pruneOne],
  ['registry-emptied', emptyRegistry],
  ['tag-moved', moveTag],
  ['instance-dies', killInstance],
  ['router-restarts', ({ router }) => router.restart()],
  ['clock-jumps', jumpClock],
  ['process-restarts', replaceProcess],
];
