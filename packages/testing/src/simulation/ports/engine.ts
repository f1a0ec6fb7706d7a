/** The simulated Docker: images, a registry and instances, as they really are. Ports look at it through calls. */
import {
  type Address,
  CommitId,
  Digest,
  type Image,
  ImageReference,
  InstanceId,
  type StartOrder,
  type StepKey,
} from '@recourse/core';
import { hexDigits } from '../hash.ts';
import type { Lab } from '../lab.ts';

export type SimImage = Readonly<{
  image: Image;
  /** The commit that is really in it. Null for an image that nobody built here. */
  commit: CommitId | null;
  runnable: boolean;
}>;

export type SimInstance = {
  readonly id: InstanceId;
  /** For whom it was started. */
  readonly order: Pick<StartOrder, 'key' | 'deployment' | 'environment'>;
  /** What it really runs. */
  readonly digest: Digest;
  readonly commit: CommitId | null;
  /** Port 0 until it first runs. */
  address: Address;
  running: boolean;
  stopping: boolean;
  /** It was the world that ended it, not the library. */
  died: boolean;
  bootedAt: number;
  sickUntil: number;
};

/** What is true of a commit for ever: whether it can be built, whether it can be healthy. */
export type Traits = Readonly<{ never: boolean; sick: boolean }>;

export type Engine = Readonly<{
  here: Map<Digest, SimImage>;
  registry: Map<Digest, SimImage>;
  /** What each name means now. */
  names: Map<string, Digest>;
  /** A key should name one of them at most; that it does is up to the adapter. */
  instances: Map<InstanceId, SimInstance>;
  under(key: StepKey): SimInstance | undefined;
  traitsOf(commit: string): Traits;
  /** Removes an image, unless an instance needs it. */
  prune(digest: Digest): boolean;
  freshPort(): number;
  freshId(): InstanceId;
}>;

export const commitOf = (name: string): CommitId => CommitId.parse(hexDigits(`commit ${name}`, 40));
export const digestOf = (content: string): Digest => Digest.parse(`sha256:${hexDigits(`digest ${content}`, 64)}`);
export const pullableOf = (digest: Digest): ImageReference => ImageReference.parse(`registry.example/app@${digest}`);

export const createEngine = (lab: Lab): Engine => {
  const here = new Map<Digest, SimImage>();
  const registry = new Map<Digest, SimImage>();
  const names = new Map<string, Digest>();
  const instances = new Map<InstanceId, SimInstance>();
  const traits = new Map<string, Traits>();
  let ports = 20_000;
  let ids = 0;
  return {
    here,
    registry,
    names,
    instances,
    under: (key) => [...instances.values()].find(({ order }) => order.key === key),
    traitsOf: (commit) => {
      const known = traits.get(commit);
      if (known !== undefined) return known;
      const moment = lab.choices.at(`traits of ${commit.slice(0, 8)}`);
      const drawn = {
        never: lab.fault(moment, 'build-never', 'builder.build'),
        sick: lab.fault(moment, 'app-sick', 'health.check'),
      };
      traits.set(commit, drawn);
      return drawn;
    },
    prune: (digest) => {
      const needed = [...instances.values()].some((instance) => instance.digest === digest);
      if (needed || !here.delete(digest)) return false;
      for (const [name, meant] of names) if (meant === digest) names.delete(name);
      lab.trace.note('world', `image ${digest.slice(7, 15)} is pruned`);
      return true;
    },
    freshPort: () => ++ports,
    freshId: () => InstanceId.parse(`i${++ids}`),
  };
};
