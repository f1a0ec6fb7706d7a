/** Everything that may go wrong, and how often: one table, from which each run switches about half on. */
import type { Choices } from './choices.ts';

/** What may befall one call of a port. */
export const callFaults = [
  /** The process dies before the request leaves it. */
  'crash-before',
  /** The process dies after the request was carried out, before it hears of it. */
  'crash-after',
  /** The process stands still for half a minute or more, then goes on as if nothing had happened. */
  'freeze',
  /** The request never arrives; the caller hears of a timeout. */
  'lost',
  /** It was carried out, and the caller hears of a timeout. */
  'ack-lost',
  /** The caller hears of a timeout; a minute later it is carried out all the same. */
  'late',
  /** It takes up to a second instead of a millisecond. */
  'slow',
] as const;

/** What happens in the world, asked for by nobody. */
export const worldFaults = [
  'message-lost',
  'message-doubled',
  'message-delayed',
  'build-flakes',
  'build-hangs',
  'build-lies',
  'build-never',
  'app-sick',
  'app-flaps',
  'instance-dies',
  'image-pruned',
  'registry-emptied',
  'tag-moved',
  'router-restarts',
  'clock-jumps',
  'process-restarts',
  'snapshot-stale',
  'feed-lags',
  'abort-ignored',
  /** Reads of a stream that are some events behind, though never behind the reader's own appends. */
  'read-stale',
] as const;

export type CallFault = (typeof callFaults)[number];
export type WorldFault = (typeof worldFaults)[number];
export type FaultClass = CallFault | WorldFault;

export const faultClasses: readonly FaultClass[] = [...callFaults, ...worldFaults];

/** Of 1000 occasions. */
export type Rates = Readonly<Record<FaultClass, number>>;

const none: Rates = {
  'crash-before': 0,
  'crash-after': 0,
  freeze: 0,
  lost: 0,
  'ack-lost': 0,
  late: 0,
  slow: 0,
  'message-lost': 0,
  'message-doubled': 0,
  'message-delayed': 0,
  'build-flakes': 0,
  'build-hangs': 0,
  'build-lies': 0,
  'build-never': 0,
  'app-sick': 0,
  'app-flaps': 0,
  'instance-dies': 0,
  'image-pruned': 0,
  'registry-emptied': 0,
  'tag-moved': 0,
  'router-restarts': 0,
  'clock-jumps': 0,
  'process-restarts': 0,
  'snapshot-stale': 0,
  'feed-lags': 0,
  'abort-ignored': 0,
  'read-stale': 0,
};

const usual: Rates = {
  ...none,
  'crash-before': 4,
  'crash-after': 6,
  freeze: 4,
  lost: 12,
  'ack-lost': 20,
  late: 8,
  slow: 200,
  'message-lost': 120,
  'message-doubled': 120,
  'message-delayed': 120,
  'build-flakes': 150,
  'build-hangs': 60,
  'build-lies': 80,
  'build-never': 120,
  'app-sick': 100,
  'app-flaps': 120,
  'instance-dies': 40,
  'image-pruned': 150,
  'registry-emptied': 60,
  'tag-moved': 60,
  'router-restarts': 40,
  'clock-jumps': 40,
  'process-restarts': 40,
  'snapshot-stale': 300,
  'feed-lags': 200,
  'abort-ignored': 300,
};

/** What a campaign can be run under. `calm` has no faults at all; `usual` is the default. */
export const profiles = {
  calm: none,
  usual,
  /**
   * Only what a deployment itself has to deal with: nobody dies, and whoever is asked answers at once. No net is needed:
   * a start that arrives after its cancellation, and the stop after that, would need the reaper.
   */
  gentle: {
    ...none,
    'message-doubled': 120,
    'build-flakes': 150,
    'build-lies': 80,
    'build-never': 120,
    'app-sick': 100,
    'app-flaps': 120,
    'image-pruned': 300,
    'registry-emptied': 200,
    'tag-moved': 100,
    'snapshot-stale': 300,
    'feed-lags': 200,
  },
  /** Processes die and stand still all the time. */
  crashes: { ...usual, 'crash-before': 20, 'crash-after': 25, freeze: 12 },
  /** Nothing that is sent can be relied on. */
  network: { ...usual, lost: 50, 'ack-lost': 60, late: 40, 'message-lost': 400, 'message-delayed': 300 },
  /** Images, instances and the router go away under the library's hands. */
  decay: { ...usual, 'image-pruned': 500, 'registry-emptied': 300, 'instance-dies': 150, 'router-restarts': 150 },
  /** Apps are well one moment and not the next, and whoever watches them falls asleep. */
  wavering: { ...usual, 'app-flaps': 400, freeze: 20, 'ack-lost': 40, 'crash-after': 15 },
  /** Hardly any wake-up arrives, and whoever should send it is away. */
  silence: { ...usual, 'message-lost': 700, freeze: 20, 'crash-before': 15 },
  /** Every read of the store may come from a replica that lags. Stronger than the port allows. */
  replica: { ...usual, 'read-stale': 60 },
} as const satisfies Readonly<Record<string, Rates>>;

export type ProfileName = keyof typeof profiles;

export const isProfile = (name: string): name is ProfileName => Object.hasOwn(profiles, name);

/** Each class is on or off in a run: a run with everything on is the weakest, its faults hide each other. */
export const swarm = (rates: Rates, choices: Choices): Rates => {
  const drawn: [FaultClass, number][] = faultClasses.map((fault) => {
    const off = rates[fault] === 0 || choices.at(`swarm ${fault}`).pick('on', 2) === 0;
    return [fault, off ? 0 : rates[fault]];
  });
  return { ...none, ...Object.fromEntries(drawn) };
};
