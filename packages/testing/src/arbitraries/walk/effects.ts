/** The outside: what each effect does to it, and what a worker hears of it. */
import {
  type BuiltImage,
  CommitId,
  type DeploymentCommand,
  type DeploymentRequest,
  Digest,
  type Effect,
  type Finding,
  type Image,
  type Instance,
  InstanceId,
  kindOf,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { decideFor, decideInEnvironment } from './journal.ts';
import { type Answer, ask, permanent, point, type Script } from './script.ts';
import type { Running, Walking, World } from './world.ts';

type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>;

/** Null: the effect recorded itself where it belongs. */
type Outcome = Answer<DeploymentCommand | null>;

const hex = (length: number, text: string): string => {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0').repeat(8).slice(0, length);
};

export const commitNamed = (name: string): CommitId => CommitId.parse(hex(40, name));

/** What a ref means now. */
export const tipOf = ({ tip }: World): CommitId => commitNamed(`commit ${tip}`);
export const imageNamed = (name: string): Image => ({
  name,
  digest: Digest.parse(`sha256:${hex(64, name)}`),
  pullable: null,
});

export const findingOf = ({ images }: World, { digest }: Image): Finding => {
  if (images.here.has(digest)) return 'present';
  if (images.registry.has(digest)) return 'in-registry';
  return images.renamed.has(digest) ? 'changed' : 'absent';
};

const told = <A>(answer: Answer<A>, command: (value: A) => DeploymentCommand): Outcome => E.map(command)(answer);

export function* perform(walking: Walking, effect: Effect, request: DeploymentRequest): Script<Outcome> {
  const { world, chance } = walking;
  const of = { key: effect.key, attempt: effect.attempt };
  const durationMs = 5;
  switch (effect.type) {
    case 'ResolveSource': {
      const answer = yield* ask(walking, () =>
        effect.source.ref === null ? E.left(permanent('sources/ref-not-found')) : E.right(tipOf(world)),
      );
      return told(answer, (commit) => ({ type: 'RecordResolved', ...of, commit }));
    }
    case 'ProbeImage': {
      const answer = yield* ask(walking, () => E.right(findingOf(world, effect.image)));
      return told(answer, (finding) => ({ type: 'RecordProbe', ...of, finding }));
    }
    case 'PullImage': {
      const answer = yield* ask(walking, () => pull(world, effect));
      return told(answer, (image) => ({ type: 'RecordPulled', ...of, image, durationMs }));
    }
    case 'Build': {
      const [fails, lies, shared] = [chance.odds(40), chance.odds(30), chance.odds(400)];
      const answer = yield* ask(walking, () => build(world, effect, { fails, lies, shared }));
      return told(answer, (built) => ({ type: 'RecordBuilt', ...of, built, durationMs }));
    }
    case 'Start': {
      const answer = yield* ask(walking, () => start(world, effect, request));
      return told(answer, (instance) => ({ type: 'RecordStarted', ...of, instance, durationMs }));
    }
    case 'CheckHealth': {
      const ill = chance.odds(80);
      const answer = yield* ask(walking, () => E.right(isHealthy(world, effect, ill)));
      const detail = chance.odds(300) ? 'not \0 well \ud800' : '200';
      return told(answer, (healthy) => ({ type: 'RecordHealth', ...of, healthy, attempts: 1, durationMs, detail }));
    }
    case 'Promote':
      return yield* promote(walking, effect, request);
    case 'RestoreTraffic': {
      const answer = yield* ask(walking, () => {
        const restored = point(walking, effect.upstream, effect.fence);
        return E.isLeft(restored) && restored.left.code === 'router/stale-fence' ? E.right(undefined) : restored;
      });
      return told(answer, () => ({ type: 'RecordRestored', ...of }));
    }
    case 'RetirePrevious':
      return yield* retire(walking, effect, request);
    case 'StopInstance': {
      const answer = yield* ask(walking, () => stop(world, effect.key));
      return told(answer, () => ({ type: 'RecordStopped', key: effect.key }));
    }
  }
}

const pull = ({ images }: World, { image }: Of<'PullImage'>): Answer<Image> => {
  const wanted = typeof image === 'string' ? imageNamed(image) : image;
  if (typeof image !== 'string' && !images.registry.has(wanted.digest)) return E.left(permanent('images/not-found'));
  images.here.add(wanted.digest);
  return E.right(wanted);
};

type Luck = Readonly<{ fails: boolean; lies: boolean; shared: boolean }>;

/** The same key finds the image of the first time. */
const build = ({ images }: World, { key, commit, inputs }: Of<'Build'>, luck: Luck): Answer<BuiltImage> => {
  if (luck.fails) return E.left(permanent('builder/failed'));
  const image = imageNamed(`${key} ${commit}`);
  images.here.add(image.digest);
  if (luck.shared) images.registry.add(image.digest);
  const says = luck.lies ? CommitId.parse('f'.repeat(40)) : commit;
  return E.right({ image, commit: says, runnable: inputs.preset !== 'static' || inputs.runnable });
};

const start = (world: World, { key, image }: Of<'Start'>, { deployment }: DeploymentRequest) => {
  if (!world.images.here.has(image.digest)) return E.left(permanent('runtime/image-gone'));
  const there = world.running.get(key);
  if (there?.alive) return E.right(there.instance);
  const port = (there?.instance.address.port ?? 4_000) + 1;
  const instance = { id: InstanceId.parse(`${key}@${port}`), address: { host: '127.0.0.1', port } };
  world.running.set(key, { deployment, digest: image.digest, instance, alive: true });
  return E.right(instance);
};

const isHealthy = (world: World, { instanceKey, address }: Of<'CheckHealth'>, ill: boolean): boolean => {
  const running = world.running.get(instanceKey);
  if (ill || !running?.alive || running.instance.address.port !== address.port) return false;
  world.passed.set(running.instance.id, running.deployment);
  return true;
};

const serves = (running: Running | undefined, { id }: Instance): boolean =>
  running?.alive === true && running.instance.id === id;

const stop = (world: World, key: Effect['key']): Answer<void> => {
  const stopped = world.running.get(key);
  if (stopped !== undefined && world.route?.upstream?.id === stopped.instance.id)
    world.violations.push(`the instance under ${key} was stopped while it had the traffic`);
  world.running.delete(key);
  return E.right(undefined);
};

function* promote(walking: Walking, step: Of<'Promote'>, request: DeploymentRequest): Script<Outcome> {
  const { world } = walking;
  const { release, instanceKey, instance } = step;
  const looked = yield* ask(walking, () =>
    serves(world.running.get(instanceKey), instance) ? E.right(undefined) : E.left(permanent('health/lost')),
  );
  if (E.isLeft(looked)) return looked;
  if (world.running.get(instanceKey)?.digest !== release.image.digest)
    world.violations.push(`another image than that of ${release.deployment} was promoted`);
  const pointed = yield* ask(walking, () => point(walking, instance, release.fence));
  if (E.isLeft(pointed)) return pointed;
  const activate = { type: 'Activate', release, key: instanceKey, instance, kind: kindOf(request) } as const;
  const activated = yield* decideInEnvironment(walking, activate);
  if (E.isLeft(activated)) return E.left(permanent('engine/stale-fence'));
  return E.right({ type: 'RecordPromoted', fence: release.fence, previous: null, durationMs: 1 });
}

function* retire(walking: Walking, { previous }: Of<'RetirePrevious'>, request: DeploymentRequest): Script<Outcome> {
  const { world } = walking;
  const asserted = yield* ask(walking, () => {
    const { live } = world.environment.state;
    const pointed = live === null ? E.right(undefined) : point(walking, live.instance, live.routeFence);
    return E.isLeft(pointed) && pointed.left.code === 'router/stale-fence' ? E.right(undefined) : pointed;
  });
  if (E.isLeft(asserted)) return asserted;
  const stopped = yield* ask(walking, () => stop(world, previous.key));
  if (E.isLeft(stopped)) return stopped;
  const by = request.deployment;
  yield* decideFor(walking, previous.release.deployment, { type: 'Retire', by, key: previous.key });
  return E.right(null);
}
