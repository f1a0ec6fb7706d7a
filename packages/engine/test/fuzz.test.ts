/** What callers give and what stores bring, over what is wrong, nearly right, and far too much. */
import { type Json, type NewEvent, renderRejection } from '@recourse/core';
import { Fault, orFault } from '@recourse/engine';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as input from '../src/input.ts';
import { accepted, deployOf, shop } from './support/orders.ts';
import { openWorld } from './support/world.ts';

const secret = 'hunter2';
const run = { environment: 'shop', actor: 'ada' };
const plan = {
  environment: 'shop',
  target: { deployment: 'd-1' },
  live: null,
  configMode: 'then',
  acceptMovedRef: false,
};
const secrets = { TOKEN: { reference: 'vault', fingerprint: 'f' } };

const good = {
  deploy: { ...deployOf('v1'), reason: null, commandId: 'c-1', config: { variables: { A: '1' }, secrets } },
  plan: { environment: 'shop', target: 'd-1', config: 'now' },
  rollback: { ...run, reason: 'it is down' },
  planned: { actor: 'ada', plan },
  cancel: { deployment: 'd-1', actor: 'ada' },
  resume: run,
  history: { environment: 'shop', limit: 9, before: 3 },
} as const;

const parsers: Readonly<
  Record<keyof typeof good, (given: unknown) => ReturnType<typeof input.parseDeploy | typeof input.parseRollback>>
> = {
  deploy: input.parseDeploy,
  plan: input.parsePlan as never,
  rollback: input.parseRollback,
  planned: input.parseRollback,
  cancel: input.parseCancel as never,
  resume: input.parseResume as never,
  history: input.parseHistory as never,
};

describe.each(Object.keys(good) as (keyof typeof good)[])('an input of %s', (name) => {
  const parse = parsers[name];

  const expectAnswered = (given: unknown) => {
    const parsed = parse(given);
    if (parsed._tag === 'Right') {
      expect(parse(given)).toEqual(parsed);
      return;
    }
    expect(parsed.left.code).toBe('InvalidInput');
    const told = JSON.stringify({ ...parsed.left, ...renderRejection(parsed.left) });
    expect(told.length).toBeLessThan(2_500);
  };

  test('is taken if it is right', () => {
    expect(parse(good[name])).toMatchObject({ _tag: 'Right' });
  });

  test('that is anything is answered, in few words', () => {
    fc.assert(fc.property(some.junk, expectAnswered));
    for (const value of some.large) expectAnswered(value);
  });

  test('that is nearly right is answered, in few words', () => {
    fc.assert(fc.property(some.spoiled(fc.constant(good[name])), expectAnswered), { numRuns: 500 });
    for (const field of Object.keys(good[name]))
      for (const value of some.large) expectAnswered({ ...good[name], [field]: value });
  });
});

test('whatever is wrong with a configuration, no value of it is repeated', () => {
  const name = fc.oneof(fc.constantFrom('TOKEN', 'A B', '1A', '', '__proto__'), fc.string({ maxLength: 5 }));
  const value = fc.oneof(
    fc.constantFrom(secret, `${secret}\0`, `${secret}\ud800`, [secret], { value: secret }, secret.repeat(9_000)),
    fc.constant({ reference: `${secret}\0`, fingerprint: null }),
    fc.constant({ reference: 'a', fingerprint: null, value: secret }),
  );
  const config = fc.record({ variables: fc.dictionary(name, value), secrets: fc.dictionary(name, value) });
  fc.assert(
    fc.property(config, (given) => {
      const parsed = input.parseDeploy({ ...deployOf('v1'), config: given });
      if (parsed._tag === 'Left') expect(JSON.stringify(parsed.left)).not.toContain(secret);
    }),
    { numRuns: 500 },
  );
});

/** Data of an event as another program, or a newer release, may have written it. */
const foreign = fc.record({
  type: fc.oneof(
    fc.constantFrom('Admitted', 'Built', 'SlotRequested', 'Activated', 'constructor'),
    fc.string({ minLength: 1, maxLength: 9 }),
  ),
  schemaVersion: fc.constantFrom(1, 1, 1, 2, 99),
  data: fc.oneof(some.spoiled(some.deploymentEvent), some.spoiled(some.environmentEvent), fc.jsonValue()),
});

test('events that nobody can read make a fault of what needs them, and hide nothing else', async () => {
  const world = await openWorld();
  const { store, clock, ids } = world.options;
  const metadata = () => ({ recordedAt: clock.now(), actor: 'x', correlationId: 'x', causationId: 'x' });
  const event = (over: object): NewEvent => ({ id: ids.next(), metadata: metadata(), ...over }) as NewEvent;
  const faultOr = (answer: Promise<unknown>) => answer.catch((error: unknown) => expect(error).toBeInstanceOf(Fault));
  const requested = {
    type: 'SlotRequested',
    schemaVersion: 1,
    data: { deployment: 'd-9', kind: 'deploy', automatic: false },
  };
  await orFault(store.append({ stream: `environment-${shop}`, expected: 'any', events: [event(requested)] }));
  let n = 0;
  await fc.assert(
    fc.asyncProperty(foreign, async (written) => {
      const data: Json = JSON.parse(
        JSON.stringify(written.data, (_, value) => (typeof value === 'bigint' ? 1 : value)) ?? '0',
      );
      const deployment = `d-${++n}`;
      const spoiled = event({ ...written, data });
      const appended = await store.append({ stream: `deployment-${deployment}`, expected: 'any', events: [spoiled] })();
      if (appended._tag === 'Left') return;
      await faultOr(world.recourse.explain(deployment));
      await faultOr(world.recourse.cancel({ deployment, actor: 'ada' }));
      await faultOr(world.recourse.planRollback({ environment: shop, target: deployment }));
    }),
    { numRuns: 200 },
  );
  const { entries } = accepted(await world.recourse.history({ environment: shop }));
  expect(entries).toMatchObject([{ deployment: 'd-9' }]);
});
