// Every invariant of a simulated world, one family a file.
import { asAgreed } from './as-agreed.ts';
import { commands } from './commands.ts';
import { fences } from './fences.ts';
import { healthyFirst } from './healthy-first.ts';
import { hold } from './hold.ts';
import { honestFinding } from './honest-finding.ts';
import { intentFirst } from './intent-first.ts';
import type { Invariant, Scene } from './invariant.ts';
import { newestWins } from './newest-wins.ts';
import { oneLive } from './one-live.ts';
import { onePerKey } from './one-per-key.ts';
import { rightTarget } from './right-target.ts';
import { sameRelease } from './same-release.ts';
import { secrets } from './secrets.ts';
import { snapshots } from './snapshots.ts';
import { stopServing } from './stop-serving.ts';
import { wellFormed } from './well-formed.ts';

export const allInvariants = (scene: Scene): readonly Invariant[] => [
  wellFormed(scene),
  oneLive(scene),
  fences(),
  healthyFirst(scene),
  stopServing(scene),
  onePerKey(scene),
  sameRelease(scene),
  intentFirst(scene),
  honestFinding(scene),
  rightTarget(scene),
  asAgreed(scene),
  hold(),
  newestWins(),
  commands(scene),
  snapshots(scene),
  secrets(),
];
