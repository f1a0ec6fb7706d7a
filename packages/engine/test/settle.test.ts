/** When somebody who waits for a deployment is answered, and with what. */
import { Fence } from '@recourse/core';
import { createRecourse } from '@recourse/engine';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { expect, test } from 'vitest';
import { createJournal } from '../src/journal.ts';
import { accepted, deployOf } from './support/orders.ts';
import { openWorld, permanent } from './support/world.ts';

const cause = { actor: 'ada', correlationId: 'c', causationId: 'c' };

const asked = async () => {
  const world = await openWorld();
  const { deployment } = accepted(await world.recourse.deploy(deployOf('v1')));
  return { ...world, deployment, journal: createJournal(world.options) };
};

/** Whether it is answered before a few other things have happened. */
const within = async <A>(waiting: Promise<A>, ms: number): Promise<A | 'still waiting'> =>
  Promise.race([waiting, new Promise<'still waiting'>((resolve) => setTimeout(resolve, ms, 'still waiting'))]);

test('who waits for what has ended is answered without a subscription', async () => {
  const { options, recourse, deployment } = await asked();
  accepted(await recourse.cancel({ deployment, actor: 'ada' }));
  const store = { ...options.store, subscribe: () => permanent('store/unavailable') };
  expect(accepted(await createRecourse({ ...options, store }).settled(deployment))).toBe('cancelled');
});

test('who waits is answered by its end, and by nothing that happens before or elsewhere', async () => {
  const { recourse, deployment, journal } = await asked();
  const waiting = recourse.settled(deployment);
  await journal.decideDeployment(deployment, { type: 'RecordAdmitted', fence: Fence.parse(1) }, cause);
  const other = accepted(await recourse.deploy(deployOf('v2', { environment: 'blog' })));
  accepted(await recourse.cancel({ deployment: other.deployment, actor: 'ada' }));
  expect(await within(waiting, 50)).toBe('still waiting');
  accepted(await recourse.cancel({ deployment, actor: 'ada' }));
  expect(accepted(await waiting)).toBe('cancelled');
});

test('who waits does not read anything again when something happens elsewhere', async () => {
  const { options, recourse, deployment } = await asked();
  let reads = 0;
  const store = {
    ...options.store,
    read: (request: Parameters<typeof options.store.read>[0]) => {
      reads++;
      return options.store.read(request);
    },
  };
  const waiting = createRecourse({ ...options, store }).settled(deployment);
  await within(waiting, 50);
  const before = reads;
  accepted(await recourse.deploy(deployOf('v2', { environment: 'blog' })));
  await within(waiting, 50);
  expect(reads).toBe(before);
  accepted(await recourse.cancel({ deployment, actor: 'ada' }));
  expect(accepted(await waiting)).toBe('cancelled');
  expect(reads).toBeGreaterThan(before);
});

test('what ends between the question and the subscription is not missed', async () => {
  const { options, recourse, deployment } = await asked();
  const store = {
    ...options.store,
    subscribe: (...[from, handle]: Parameters<typeof options.store.subscribe>) =>
      TE.flatMap(() => options.store.subscribe(from, handle))(
        TE.fromTask(() => recourse.cancel({ deployment, actor: 'ada' })),
      ),
  };
  expect(accepted(await createRecourse({ ...options, store }).settled(deployment))).toBe('cancelled');
});

test('a deployment that was live is settled as live, also when another one has taken its place', async () => {
  const world = await asked();
  world.work();
  expect(accepted(await world.recourse.settled(world.deployment))).toBe('live');
  const next = accepted(await world.recourse.deploy(deployOf('v2')));
  expect(accepted(await world.recourse.settled(next.deployment))).toBe('live');
  expect(accepted(await world.recourse.settled(world.deployment))).toBe('live');
});

test('a store that fails, or ends the subscription, is a fault and no outcome', async () => {
  const { options, deployment } = await asked();
  const withStore = (subscribe: typeof options.store.subscribe) =>
    createRecourse({ ...options, store: { ...options.store, subscribe } }).settled(deployment);
  await expect(withStore(() => permanent('store/unavailable'))).rejects.toMatchObject({ code: 'store/unavailable' });
  await expect(withStore(() => TE.right(undefined))).rejects.toThrow(
    `The subscription ended before deployment ${deployment} settled.`,
  );
});
