/** What is true outside, and what each request does to it: images, instances, and a router for each environment. */
import {
  type DeploymentId,
  type Digest,
  type Effect,
  type Finding,
  type Image,
  type Instance,
  InstanceId,
  type PortError,
  type Route,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { imageNamed } from '../arbitraries/walk/effects.ts';
import { permanent } from '../arbitraries/walk/script.ts';
import { type Exploring, withRoute } from './move.ts';
import { at, type Running, type World } from './world.ts';

/** A request carried out: what is true then, what the one who asked is told, and what it broke. */
export type Applied<A> = Readonly<{
  world: World;
  answer: E.Either<PortError, A>;
  broken: readonly string[];
}>;

type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>;

export const right = <A>(world: World, value: A, broken: readonly string[] = []): Applied<A> => ({
  world,
  answer: E.right(value),
  broken,
});
const left = (world: World, error: PortError): Applied<never> => ({ world, answer: E.left(error), broken: [] });

export const findingOf = ({ images }: World, digest: Digest): Finding =>
  images.find((image) => image.digest === digest)?.finding ?? 'absent';

export const withImage = (world: World, digest: Digest, finding: Finding): World => ({
  ...world,
  images: [...world.images.filter((image) => image.digest !== digest), { digest, finding }],
});

export const runningUnder = ({ running }: World, key: string): Running | undefined =>
  running.find((one) => one.key === key);

const withRunning = (world: World, running: Running): World => ({
  ...world,
  running: [...world.running.filter(({ key }) => key !== running.key), running],
});

/** An image of a reference may always be had; one of a release only where it is kept. */
export const pull = (world: World, { image }: Of<'PullImage'>): Applied<Image> => {
  const wanted = typeof image === 'string' ? imageNamed(image) : image;
  const finding = findingOf(world, wanted.digest);
  if (typeof image !== 'string' && finding !== 'present' && finding !== 'in-registry')
    return left(world, permanent('images/not-found'));
  return right(withImage(world, wanted.digest, 'present'), wanted);
};

/** The name says what is inside, for whoever checks. The same key finds the image of the first time. */
export const build = (world: World, key: string, commit: string): Applied<Image> => {
  const image = imageNamed(`${key} ${commit}`);
  return right(withImage(world, image.digest, 'present'), image);
};

export const start = (world: World, { key, image }: Of<'Start'>, deployment: DeploymentId): Applied<Instance> => {
  if (findingOf(world, image.digest) !== 'present') return left(world, permanent('runtime/image-gone'));
  const there = runningUnder(world, key);
  if (there?.alive) return right(world, there.instance);
  const port = (there?.instance.address.port ?? 4_000) + 1;
  const instance = { id: InstanceId.parse(`${key}@${port}`), address: { host: '127.0.0.1', port } };
  const running = { key, deployment, digest: image.digest, instance, alive: true, passed: false };
  return right(withRunning(world, running), instance);
};

export const isServing = (world: World, key: string, { id }: Instance): boolean => {
  const running = runningUnder(world, key);
  return running?.alive === true && running.instance.id === id;
};

export const checkHealth = (world: World, { instanceKey, address }: Of<'CheckHealth'>): Applied<boolean> => {
  const running = runningUnder(world, instanceKey);
  if (!running?.alive || running.instance.address.port !== address.port) return right(world, false);
  return right(withRunning(world, { ...running, passed: true }), true);
};

export const stop = (world: World, key: string): Applied<void> => {
  const stopped = runningUnder(world, key);
  if (stopped === undefined) return right(world, undefined);
  const serves = world.routes.some((route) => route?.upstream?.id === stopped.instance.id);
  const broken = serves ? ['what had the traffic was stopped'] : [];
  return right({ ...world, running: world.running.filter((one) => one.key !== key) }, undefined, broken);
};

export const point = ({ core }: Exploring, world: World, index: number, wanted: Route): Applied<void> => {
  const held = world.routes[index] ?? null;
  if (core.refusesRoute(held, wanted)) return left(world, permanent('router/stale-fence'));
  return right(withRoute(world, index, wanted), undefined, wrongWith(world, index, held, wanted));
};

const wrongWith = (world: World, index: number, held: Route | null, { upstream, fence }: Route): string[] => {
  const { slot, live } = at(world.environments, index);
  const broken: string[] = [];
  if (held !== null && fence < held.fence) broken.push('an older fence moved the traffic');
  if (upstream === null) return live === null ? broken : [...broken, 'the traffic was taken from what is live'];
  const running = world.running.find(({ instance }) => instance.id === upstream.id);
  if (running === undefined) return [...broken, 'traffic went to what was stopped'];
  if (!running.passed) broken.push('traffic went to what was never healthy');
  if (!running.alive) broken.push('traffic went to what had ended');
  if (running.deployment !== slot?.deployment && running.deployment !== live?.release.deployment)
    broken.push('traffic went to what neither is live nor has the slot');
  return broken;
};
