/**
 * Somebody's own adapter in the simulated world: its source as it is, over an engine that is made of maps and lives in
 * the world's time.
 */
import type { Address, CancelSignal, Clock, Runtime } from '@recourse/core';

/** What takes the place of a simulated port. */
export type Adapters = Readonly<{
  /**
   * Asked once in a run for the engine, which all processes share, and from then on once in each life of a process for
   * an adapter over it. Both are to be as new: nothing may be kept from one run for the next.
   */
  runtime?: ((world: SimulatedWorld) => (process: SimulatedProcess) => Runtime) | undefined;
}>;

/** One process of the platform, in one of its lives. */
export type SimulatedProcess = Readonly<{
  name: string;
  /** Virtual time, for an adapter that waits or looks at the clock. Wrong by up to an hour, now and then. */
  clock: Clock;
  /**
   * Sends a request to the engine. It may get lost, be slow, or arrive a minute late; its answer may get lost; and when
   * the process dies, the promise never settles, while the engine carries out what it was asked for.
   *
   * Rejects with whatever `carryOut` rejected with, which is the engine's answer; and with an Error that says so if
   * there was no answer within five seconds, which leaves it open whether it was carried out.
   */
  request: <A>(request: SimulatedRequest<A>) => Promise<A>;
}>;

export type SimulatedRequest<A> = Readonly<{
  /** What is asked (`create`). Logs and counts call it `runtime.create`. */
  operation: string;
  /** What it is about, such as a key: the same in every run of a seed. It is part of the name of each fault. */
  subject: string;
  /** The engine's part, begun when the request arrives. It waits by `pause` of the world, if at all. */
  carryOut: () => Promise<A>;
  /** Ends the wait for the answer, not the work. */
  signal?: CancelSignal | undefined;
}>;

/** What an engine made of maps needs of the world it is in. */
export type SimulatedWorld = Readonly<{
  /** Virtual milliseconds since the run began. */
  now: () => number;
  /** Resolves after so many virtual milliseconds, whoever died meanwhile. */
  pause: (ms: number) => Promise<void>;
  /** 0 to n - 1, drawn from the seed and `name`, which is to be the same in every run (`boot of <key>`). */
  pick: (name: string, n: number) => number;
  /** Whether the image is here. The world builds, pulls and prunes them. */
  hasImage: (digest: string) => boolean;
  /**
   * Says that an instance was made, which does not run yet. `id`: what the adapter will call it; `key`: what it was made
   * under, as the engine's own labels tell; `digest`: the image that it runs, as the engine was asked for it.
   *
   * Throws, and breaks the run, if nothing was ordered under that key.
   */
  instance: (made: Readonly<{ id: string; key: string; digest: string }>) => SimulatedInstance;
}>;

/** By these words the world knows what really runs. Say each at the moment in which it comes true. */
export type SimulatedInstance = Readonly<{
  /** It runs, there; again, if it had died. Its app answers some virtual seconds later. */
  runs: (address: Address) => void;
  /** False before it runs, and when the world has let it die. The world may start it again, as engines do. */
  isRunning: () => boolean;
  /** The engine was asked to end it. */
  stopping: () => void;
  gone: () => void;
}>;
