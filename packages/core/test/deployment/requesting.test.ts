import { decideDeployment, evolveDeployment, initialDeployment, isAutomatic, sameRequest } from '@recourse/core';
import { scenarios, some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accepted,
  after,
  atRef,
  d1,
  d2,
  deployed,
  deploying,
  otherImage,
  permanent,
  release,
  rolledBack,
  workload,
} from '../samples.ts';

const { given } = scenarios({ initial: initialDeployment, evolve: evolveDeployment, decide: decideDeployment });

describe('a request', () => {
  test('is the first thing that happens', () => {
    given().when({ type: 'Request', request: deployed() }).thenHappens(deployed());
  });

  test('without which nothing can be recorded', () => {
    given().when({ type: 'Cancel', actor: 'ada', reason: null }).thenRejected('NotRequested');
  });

  test('that comes again changes nothing, at any time', () => {
    const again = { type: 'Request', request: deployed() } as const;
    given(deployed()).when(again).thenNothing();
    given(...deploying.live)
      .when(again)
      .thenNothing();
    given(deployed(), { type: 'Cancelled' }).when(again).thenNothing();
  });

  test('that comes again from another pair of hands is the same click', () => {
    given(deployed())
      .when({ type: 'Request', request: deployed({ actor: 'bob', reason: 'again', trigger: 'push' }) })
      .thenNothing();
  });

  test.each([
    ['another source', { source: atRef }],
    ['another configuration', { config: { variables: {}, secrets: {} } }],
    ['another workload', { workload: { ...workload, run: { ...workload.run, port: 3000 } } }],
  ])('with %s is another request', (_name, with_) => {
    given(deployed())
      .when({ type: 'Request', request: deployed(with_) })
      .thenRejected('CommandReused');
  });

  test('whose configuration is written in another order is the same', () => {
    const one = { variables: { A: '1', B: '2' }, secrets: {} };
    const two = { secrets: {}, variables: { B: '2', A: '1' } };
    expect(sameRequest(deployed({ config: one }), deployed({ config: two }))).toBe(true);
  });

  test('to deploy is not one to roll back', () => {
    given(deployed())
      .when({ type: 'Request', request: rolledBack(release(d1), { deployment: d1 }) })
      .thenRejected('CommandReused');
  });

  test('to roll back is the same whatever its target became since', () => {
    given(rolledBack(release(d1)))
      .when({ type: 'Request', request: rolledBack(release(d1, { image: otherImage })) })
      .thenNothing();
  });

  test('to roll back to something else, or otherwise, is another one', () => {
    const asked = given(rolledBack(release(d1)));
    asked.when({ type: 'Request', request: rolledBack(release(d2)) }).thenRejected('CommandReused');
    asked
      .when({ type: 'Request', request: rolledBack(release(d1), { configMode: 'now' }) })
      .thenRejected('CommandReused');
    asked
      .when({ type: 'Request', request: rolledBack(release(d1), { acceptMovedRef: true }) })
      .thenRejected('CommandReused');
  });

  test('waits for a word after a rollback only if a machine made it', () => {
    const triggers = ['push', 'api', 'schedule', 'redeploy'] as const;
    expect(triggers.filter((trigger) => isAutomatic(deployed({ trigger })))).toEqual(['push', 'schedule']);
    expect(isAutomatic(rolledBack(release(d1)))).toBe(false);
  });

  test('invariant 5: however many copies of it come, it is one deployment', () => {
    fc.assert(
      fc.property(some.deploymentRequest, fc.integer({ min: 1, max: 20 }), (request, copies) => {
        const events = Array.from({ length: copies }).reduce<readonly (typeof request)[]>((stream) => {
          const decided = accepted(decideDeployment({ type: 'Request', request }, after(...stream)));
          return [...stream, ...(decided as readonly (typeof request)[])];
        }, []);
        expect(events).toEqual([request]);
      }),
    );
  });
});

describe('a cancellation', () => {
  const cancel = { type: 'Cancel', actor: 'ada', reason: 'wrong branch' } as const;
  const happens = [
    { type: 'CancellationRequested', actor: 'ada', reason: 'wrong branch' },
    { type: 'Cancelled' },
  ] as const;

  test.each(['requested', 'inSlot', 'withImage', 'starting', 'running', 'serving'] as const)(
    'ends a deployment that is %s',
    (stage) => {
      given(...deploying[stage])
        .when(cancel)
        .thenHappens(...happens);
    },
  );

  test('is refused once the promotion has begun', () => {
    given(...deploying.promoting)
      .when(cancel)
      .thenRejected('PromotionStarted');
    given(...deploying.live)
      .when(cancel)
      .thenRejected('PromotionStarted');
  });

  test('that comes again changes nothing', () => {
    given(...deploying.inSlot, ...happens)
      .when(cancel)
      .thenNothing();
  });

  test('of what ended otherwise says how', () => {
    const failed = { type: 'DeploymentFailed', step: 'build', error: permanent } as const;
    expect(decideDeployment(cancel, after(...deploying.inSlot, failed))).toMatchObject({
      left: { code: 'AlreadyEnded', outcome: 'failed' },
    });
  });
});

describe('a newer deployment', () => {
  const supersede = { type: 'Supersede', by: d2 } as const;

  test('ends one that waits', () => {
    given(deployed()).when(supersede).thenHappens({ type: 'Superseded', by: d2 });
  });

  test('ends none that has the slot', () => {
    given(...deploying.inSlot)
      .when(supersede)
      .thenNothing();
  });

  test('ends it once', () => {
    given(deployed(), { type: 'Superseded', by: d2 }).when(supersede).thenNothing();
    given(deployed(), { type: 'Cancelled' }).when(supersede).thenNothing();
  });
});
