import type {
  Builder,
  Clock,
  EventStore,
  HealthProbe,
  Ids,
  Images,
  Policy,
  Router,
  Runtime,
  Secrets,
  Snapshots,
  Sources,
  WorkQueue,
} from '@recourse/core';

/** Everything outside: what `createRecourse` is given. */
export type Ports = Readonly<{
  store: EventStore;
  snapshots: Snapshots;
  queue: WorkQueue;
  images: Images;
  builder: Builder;
  sources: Sources;
  runtime: Runtime;
  health: HealthProbe;
  router: Router;
  secrets: Secrets;
  clock: Clock;
  ids: Ids;
}>;

export type RecourseOptions = Ports &
  Readonly<{
    /** How long each step may take and how often it is tried. */
    policy?: Partial<Policy>;
    /** How often the sweeper looks for what was forgotten, restarted or orphaned. Default 5000. */
    sweepEveryMs?: number;
  }>;
