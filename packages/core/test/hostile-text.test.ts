import { DeploymentEvent, decideDeployment, decideEnvironment, defaultPolicy, EnvironmentEvent } from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accepted, after, at, begun, d1, deploying, environmentAfter, fence, key, transient } from './samples.ts';

const textsIn = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : [];

const expectKept = (schema: typeof DeploymentEvent | typeof EnvironmentEvent, event: unknown) => {
  expect(schema.safeParse(event).error).toBeUndefined();
  expect(textsIn(event).filter((text) => !text.isWellFormed() || text.includes('\0'))).toEqual([]);
};

/** A NUL in the last word of an app, or half an emoji at the end of a field, would make a stream that nobody can read. */
describe('whatever an engine or an app says', () => {
  test('the answer to a health check can be kept and read again', () => {
    const state = after(...deploying.running, begun('check-health', key('d-1-check-health-1')));
    const of = { attempt: 1, key: key('d-1-check-health-1') };
    fc.assert(
      fc.property(some.hostileText, fc.boolean(), (detail, healthy) => {
        const record = { type: 'RecordHealth', ...of, healthy, attempts: 2, durationMs: 1, detail } as const;
        for (const event of accepted(decideDeployment(record, state))) expectKept(DeploymentEvent, event);
      }),
    );
  });

  test('only what cannot be kept is lost', () => {
    const state = after(...deploying.running, begun('check-health', key('d-1-check-health-1')));
    const of = { attempt: 1, key: key('d-1-check-health-1') };
    const detail = 'out of\0 memory, 90\u00a0% \ud83d';
    const record = { type: 'RecordHealth', ...of, healthy: true, attempts: 2, durationMs: 1, detail } as const;
    expect(accepted(decideDeployment(record, state))).toMatchObject([{ detail: 'out of memory, 90\u00a0% \ufffd' }]);
  });

  test('a failure can be kept and read again', () => {
    const state = after(...deploying.inSlot, begun('build', key('d-1-build-1')));
    const of = { attempt: 1, key: key('d-1-build-1'), now: at(0), policy: defaultPolicy.build };
    fc.assert(
      fc.property(some.hostileText, (message) => {
        const error = { ...transient, message };
        const decided = decideDeployment({ type: 'RecordFailure', step: 'build', error, ...of }, state);
        for (const event of accepted(decided)) expectKept(DeploymentEvent, event);
      }),
    );
  });

  test('the reason of an abort can be kept and read again', () => {
    const state = environmentAfter(
      { type: 'SlotRequested', deployment: d1, kind: 'deploy', automatic: false },
      { type: 'SlotTaken', deployment: d1, fence: fence(1) },
    );
    fc.assert(
      fc.property(some.hostileText, (reason) => {
        const decided = decideEnvironment({ type: 'Abort', deployment: d1, fence: fence(1), reason }, state);
        for (const event of accepted(decided)) expectKept(EnvironmentEvent, event);
      }),
    );
  });
});
