import { type DeploymentEvent, explainDeployment, explainEvent } from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  admitted,
  at,
  atNothing,
  atRef,
  begun,
  d1,
  d2,
  deployed,
  deploying,
  fence,
  image,
  instance,
  key,
  main,
  otherCommit,
  probed,
  ready,
  release,
  rolledBack,
  transient,
} from '../samples.ts';

const failed = { type: 'StepFailed', step: 'build', attempt: 2, key: key('d-1-build-2'), error: transient } as const;

/** Every kind of event, and what is said of it. Null on purpose: it only matters to the machine. */
const sentences: readonly (readonly [DeploymentEvent, string | null])[] = [
  [deployed(), 'A deploy of cccccccccccc was requested (api) by ada.'],
  [deployed({ source: atRef, trigger: 'push', reason: 'fix' }), 'A deploy of main was requested (push) by ada: fix.'],
  [deployed({ source: ready }), 'A deploy of shop:v1 was requested (api) by ada.'],
  [deployed({ source: atNothing }), 'A deploy of https://git.example/shop.git was requested (api) by ada.'],
  [
    rolledBack(release(d1)),
    'A rollback to the release of d-1 was requested, with the configuration of then, by ada: checkout is down.',
  ],
  [admitted, "It got the environment's slot, with fence 7."],
  [begun('build', key('d-1-build-1')), null],
  [begun('build', key('d-1-build-1'), 1, 2), 'Another worker took up build (attempt 1, run 2).'],
  [
    { ...failed, retryAt: at(5) },
    'Attempt 2 of build failed (router/unreachable): The router is away. It was tried again.',
  ],
  [
    { ...failed, retryAt: null },
    'Attempt 2 of build failed (router/unreachable): The router is away. It was not tried again.',
  ],
  [probed('absent'), 'The look for image aaaaaaaaaaaa found: absent.'],
  [{ type: 'ImageReused', image }, 'Image aaaaaaaaaaaa was reused: the same digest was here.'],
  [{ type: 'ImagePulled', image, durationMs: 1 }, 'Image aaaaaaaaaaaa was pulled.'],
  [{ type: 'BuildScheduled', commit: otherCommit, ref: null }, 'Commit eeeeeeeeeeee was to be built.'],
  [
    { type: 'BuildScheduled', commit: otherCommit, ref: main },
    'Commit eeeeeeeeeeee was to be built, as main meant then.',
  ],
  [
    { type: 'RebuildScheduled', commit: otherCommit, reason: 'pruned', movedRef: null },
    'Commit eeeeeeeeeeee was to be rebuilt, because the image was gone.',
  ],
  [
    { type: 'RebuildScheduled', commit: otherCommit, reason: 'changed', movedRef: main },
    'Commit eeeeeeeeeeee was to be built, as main meant then, because the image was gone and its name meant another one and no commit was known.',
  ],
  [
    { type: 'Built', image, commit: otherCommit, runnable: true, durationMs: 9 },
    'Image aaaaaaaaaaaa was built in 9 ms; it says of itself that it is commit eeeeeeeeeeee.',
  ],
  [{ type: 'InstanceStarted', key: key('d-1-start-1'), instance, durationMs: 1 }, 'Instance i-1 was started.'],
  [
    { type: 'HealthChecked', healthy: true, attempts: 3, durationMs: 1, detail: '200' },
    'It was healthy at check 3 (200).',
  ],
  [
    { type: 'HealthChecked', healthy: false, attempts: 9, durationMs: 1, detail: '503' },
    'It was not healthy after 9 checks (503).',
  ],
  [{ type: 'Promoted', previous: null, fence: fence(7), durationMs: 1 }, 'It went live as the first release.'],
  [{ type: 'Promoted', previous: d2, fence: fence(7), durationMs: 1 }, 'It went live in place of d-2.'],
  [{ type: 'Retired', by: d2 }, 'It was replaced by d-2.'],
  [{ type: 'InstanceStopped', key: key('d-1-start-1') }, 'Its instance was stopped.'],
  [{ type: 'CancellationRequested', actor: 'ada', reason: null }, 'It was asked to stop by ada.'],
  [{ type: 'Cancelled' }, 'It ended as cancelled; what was live stayed live.'],
  [{ type: 'Superseded', by: d2 }, 'It never started, because d-2 is newer.'],
  [
    { type: 'DeploymentFailed', step: 'build', error: transient },
    'It failed at build (router/unreachable): The router is away. What was live stayed live.',
  ],
  [
    { type: 'DeploymentFailed', step: null, error: transient },
    'It failed (router/unreachable): The router is away. What was live stayed live.',
  ],
];

describe('why a deployment did what it did', () => {
  test.each(sentences.map(([event, sentence]) => ({ event, sentence })))('$sentence', ({ event, sentence }) => {
    expect(explainEvent(event)).toBe(sentence);
  });

  test('is told of every kind of event', () => {
    const told = new Set(sentences.map(([{ type }]) => type));
    expect(Object.keys(some.deploymentEvents).filter((type) => !told.has(type as DeploymentEvent['type']))).toEqual([]);
  });

  test('is told in order, without what only matters to the machine', () => {
    const story = explainDeployment(deploying.live);
    expect(story).toHaveLength(deploying.live.filter(({ type }) => type !== 'StepStarted').length);
    expect(story[0]).toContain('was requested');
    expect(story.at(-1)).toBe('It went live as the first release.');
  });

  test('never tells of undefined or null', () => {
    fc.assert(
      fc.property(some.deploymentEvent, (event) => {
        expect(explainEvent(event) ?? '').not.toMatch(/undefined|null|NaN|\[object/);
      }),
    );
  });
});
