import type { Snapshot, Snapshots } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';

/** Every snapshot that was ever saved under a key: an older one may be shown, or none. */
export type Saved = Map<string, Snapshot[]>;

export const simSnapshots = (lab: Lab, saved: Saved, process: Process): Snapshots => ({
  load: (key) =>
    call<Snapshot | null>(lab, process, {
      operation: 'snapshots.load',
      subject: key,
      unreachable: 'store/unavailable',
      carryOut: (answer) => {
        const moment = lab.choices.at(`snapshot ${key}`);
        const back = 1 + lab.severity(moment, 'snapshot-stale', 'snapshots.load', 3);
        answer(E.right(saved.get(key)?.at(-back) ?? null));
      },
    }),
  save: (key, snapshot) =>
    call<void>(lab, process, {
      operation: 'snapshots.save',
      subject: key,
      unreachable: 'store/unavailable',
      carryOut: (answer) => {
        lab.fact({ type: 'snapshot-saved', key, snapshot });
        saved.set(key, [...(saved.get(key) ?? []), snapshot].slice(-5));
        answer(E.right(undefined));
      },
    }),
});
