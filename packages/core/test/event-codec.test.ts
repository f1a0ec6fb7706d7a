import {
  DeploymentEvent,
  deploymentEvents,
  deploymentStream,
  EnvironmentEvent,
  environmentEvents,
  environmentStream,
  eventCodec,
  isWrongExpectedVersion,
  type Json,
  type PortError,
  type Upcasts,
} from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { d1, deployed, shop } from './samples.ts';

const stored = (type: string, data: Json, schemaVersion = 1) => ({
  type,
  schemaVersion,
  data,
  stream: 'deployment-d-1',
  version: 3,
});
const decode = (type: string, data: Json, schemaVersion = 1) =>
  deploymentEvents.decode(stored(type, data, schemaVersion));
const malformed = { _tag: 'Left', left: { kind: 'permanent', code: 'events/malformed' } };
const newer = { _tag: 'Left', left: { kind: 'permanent', code: 'events/newer' } };

/** As a store keeps it. */
const throughJson = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value));

describe('an event', () => {
  test('of a deployment comes out as it went in', () => {
    fc.assert(
      fc.property(some.deploymentEvent, (event) => {
        const { type, schemaVersion, data } = throughJson(deploymentEvents.encode(event));
        expect(deploymentEvents.decode(stored(type, data, schemaVersion))).toEqual({ _tag: 'Right', right: event });
        expect(DeploymentEvent.parse(event)).toEqual(event);
      }),
    );
  });

  test('of an environment comes out as it went in', () => {
    fc.assert(
      fc.property(some.environmentEvent, (event) => {
        const { type, schemaVersion, data } = throughJson(environmentEvents.encode(event));
        expect(environmentEvents.decode(stored(type, data, schemaVersion))).toEqual({ _tag: 'Right', right: event });
        expect(EnvironmentEvent.parse(event)).toEqual(event);
      }),
    );
  });

  test('that nobody could read again is not written', () => {
    const endless = { type: 'HealthChecked', healthy: true, attempts: 1, durationMs: 1, detail: 'x'.repeat(2000) };
    expect(() => deploymentEvents.encode(endless as DeploymentEvent)).toThrow(
      'HealthChecked cannot be recorded: detail',
    );
  });
});

describe('a stream', () => {
  test('is named by what it is of', () => {
    expect([deploymentStream(d1), environmentStream(shop)]).toEqual(['deployment-d-1', 'environment-shop-production']);
  });

  test('that somebody else appended to first is told from a store that failed', () => {
    const failure = (code: PortError['code']) => ({ kind: 'permanent', code, message: 'It says no.' }) as const;
    expect(isWrongExpectedVersion(failure('store/wrong-expected-version'))).toBe(true);
    expect(isWrongExpectedVersion(failure('store/too-large'))).toBe(false);
  });
});

describe('what a store brings that is not an event', () => {
  const deploy = {
    ...deployed(),
    source: { kind: 'git', repository: 'https://git.example/shop', commit: 7, ref: null },
  };

  test.each<readonly [string, string, Json, number]>([
    ['is of the unknown type "Paused". Upgrade the reader.', 'Paused', {}, 1],
    [`is of the unknown type "${'x'.repeat(64)}". Upgrade the reader.`, 'x'.repeat(64), {}, 1],
    [`is of the unknown type "${'x'.repeat(64)}…". Upgrade the reader.`, 'x'.repeat(65), {}, 1],
    ['(Admitted) has schema version 2; this reader knows 1. Upgrade the reader.', 'Admitted', { fence: 7 }, 2],
    ['(Admitted) has schema version 0, which never was.', 'Admitted', { fence: 7 }, 0],
    ['(Admitted) is not an object of its fields.', 'Admitted', 'fence 7', 1],
    ['(Admitted) is not an object of its fields.', 'Admitted', null, 1],
    ['(Admitted) is not an object of its fields.', 'Admitted', [], 1],
    [
      '(Admitted) does not parse: fence: Invalid input: expected number, received string',
      'Admitted',
      { fence: '7' },
      1,
    ],
  ])('%s', (problem, type, data, version) => {
    const message = `Event 3 of stream deployment-d-1 ${problem}`;
    expect(decode(type, data, version)).toMatchObject({ left: { message } });
  });

  test('is told with the path of each wrong field', () => {
    const { type, ...data } = { ...deploy, reason: 7 };
    const message = JSON.stringify(decode(type, throughJson(data) as Json));
    expect(message).toContain('source.commit: Invalid input');
    expect(message).toContain('; reason: Invalid input');
  });

  test.each<readonly [string, Json]>([
    ['no object', null],
    ['a list', [7]],
    ['a text', 'fence 7'],
    ['nothing in it', {}],
    ['another kind of value', { fence: '7' }],
    ['a fence that never was', { fence: 0 }],
    ['a field too many', { fence: 7, priority: 1 }],
    ['a type of its own', { fence: 7, type: 'Cancelled' }],
    ['a hidden prototype', JSON.parse('{"fence":7,"__proto__":{"admin":true}}')],
    ['a constructor', { fence: 7, constructor: { prototype: { admin: true } } }],
  ])('%s is malformed', (_name, data) => {
    expect(decode('Admitted', data)).toMatchObject(malformed);
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  test.each([0, -1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY])('of schema version %s is malformed', (version) => {
    expect(decode('Admitted', { fence: 7 }, version)).toMatchObject(malformed);
  });

  test('of a later schema version is newer, and says so', () => {
    expect(decode('Admitted', { fence: 7 }, 2)).toMatchObject(newer);
    expect(JSON.stringify(decode('Admitted', { fence: 7 }, 2))).toContain('Upgrade the reader.');
  });

  test.each(['Paused', 'admitted', '', 'constructor', '__proto__', 'toString', 'SlotTaken', 'x'.repeat(10_000)])(
    'of the type %j is newer',
    (type) => {
      const decoded = decode(type, { fence: 7 });
      expect(decoded).toMatchObject(newer);
      expect(JSON.stringify(decoded).length).toBeLessThan(400);
    },
  );

  test('is named by stream and version, with the field, and never at length', () => {
    const decoded = decode('Admitted', { fence: 7, ['x'.repeat(10_000)]: 1 });
    expect(JSON.stringify(decoded)).toContain('Event 3 of stream deployment-d-1 (Admitted) does not parse');
    expect(JSON.stringify(decoded).length).toBeLessThan(1000);
  });
});

describe('an event of an older version', () => {
  // Version 1 told seconds, version 2 milliseconds without a unit in the name, version 3 is today's.
  const Paused = z.strictObject({ type: z.literal('Paused'), pausedMs: z.int(), by: z.string() });
  const upcasts: Upcasts = {
    Paused: [
      ({ seconds, ...rest }) => ({ ...rest, duration: Number(seconds) * 1000 }),
      ({ duration, ...rest }) => ({ by: 'nobody', ...rest, pausedMs: duration ?? null }),
    ],
  };
  const codec = eventCodec<z.infer<typeof Paused>>(Paused, ['Paused'], upcasts);
  const read = (data: Json, schemaVersion: number) => codec.decode(stored('Paused', data, schemaVersion));

  test.each<readonly [number, Json]>([
    [1, { seconds: 2, by: 'ada' }],
    [2, { duration: 2000, by: 'ada' }],
    [3, { pausedMs: 2000, by: 'ada' }],
  ])('%s is read as it is understood today', (version, data) => {
    expect(read(data, version)).toEqual({ _tag: 'Right', right: { type: 'Paused', pausedMs: 2000, by: 'ada' } });
  });

  test('is written at the newest version', () => {
    expect(codec.encode({ type: 'Paused', pausedMs: 1, by: 'ada' })).toEqual({
      type: 'Paused',
      schemaVersion: 3,
      data: { pausedMs: 1, by: 'ada' },
    });
  });

  test('is parsed after it was brought up: a wrong one is malformed, not believed', () => {
    expect(read({ seconds: 'two', by: 'ada' }, 1)).toMatchObject(malformed);
    expect(read({ duration: 2000, by: 'ada' }, 3)).toMatchObject(malformed);
    expect(read({ pausedMs: 2000, by: 'ada' }, 4)).toMatchObject(newer);
  });

  test('that breaks its upcast is malformed', () => {
    const broken = eventCodec<z.infer<typeof Paused>>(Paused, ['Paused'], {
      Paused: [
        () => {
          throw new TypeError('not what it was');
        },
      ],
    });
    const message = 'Event 3 of stream deployment-d-1 (Paused, version 1) is not what it was then.';
    expect(broken.decode(stored('Paused', { seconds: 2 }))).toMatchObject({ left: { ...malformed.left, message } });
  });
});
