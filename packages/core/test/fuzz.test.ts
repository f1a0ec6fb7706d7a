/** Every schema of core, and both codecs, over what is wrong, nearly right, and far too much. */
import * as core from '@recourse/core';
import { deploymentEvents, Environment, environmentEvents, type Json, safelyParse, WakeUp } from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { readable } from '../src/readable.ts';

const isSchema = (value: unknown): value is z.ZodType =>
  typeof value === 'object' && value !== null && 'safeParse' in value;

const schemas = Object.entries(core).flatMap(([name, value]) => (isSchema(value) ? [[name, value] as const] : []));

/** Whatever it takes, it takes again, the same. */
const expectSettled = (schema: z.ZodType, value: unknown) => {
  const parsed = safelyParse(schema, value);
  if (!parsed.success) expect(parsed.error.issues.length).toBeGreaterThan(0);
  else expect(schema.safeParse(parsed.data)).toEqual({ success: true, data: parsed.data });
};

test('all schemas are here', () => {
  expect(schemas.length).toBeGreaterThan(25);
});

describe.each(schemas)('the schema %s', (_name, schema) => {
  test('chokes on nothing', () => {
    fc.assert(fc.property(some.junk, (value) => expectSettled(schema, value)));
    for (const value of some.large) expectSettled(schema, value);
  });
});

const codecs = {
  deployment: { codec: deploymentEvents, event: some.deploymentEvent },
  environment: { codec: environmentEvents, event: some.environmentEvent },
} as const;

/** An error, or an event that can be written and read again, the same. */
const expectDecoded = (
  codec: core.EventCodec<{ type: string }>,
  type: string,
  data: unknown,
  schemaVersion: number,
) => {
  const stored = { type, schemaVersion, data: data as Json, stream: 'deployment-d-1', version: 3 };
  const decoded = codec.decode(stored);
  if (decoded._tag === 'Left') {
    expect(decoded.left).toMatchObject({
      kind: 'permanent',
      code: expect.stringMatching(/^events\/(?:malformed|newer)$/),
    });
    expect(decoded.left.message.length).toBeLessThan(1_000);
    return false;
  }
  const kept = JSON.stringify(codec.encode(decoded.right));
  const again = codec.decode({ ...stored, ...JSON.parse(kept) });
  expect(again._tag === 'Right' && JSON.stringify(codec.encode(again.right))).toBe(kept);
  return true;
};

/** Plain data that throws when it is compared with a number. */
const incomparable = JSON.parse('{"length":[{"toString":""}]}');

test('what cannot be compared is malformed, and throws nothing', () => {
  expectSettled(core.RepositoryUrl, incomparable);
  expect(() => core.RepositoryUrl.safeParse(incomparable)).toThrow(TypeError);
  expectDecoded(environmentEvents as never, 'AutoDeployResumed', { actor: incomparable }, 1);
});

describe.each(['deployment', 'environment'] as const)('an event of a(n) %s', (which) => {
  const { event } = codecs[which];
  const codec = codecs[which].codec as core.EventCodec<{ type: string }>;

  test('that is nearly right is read as what it says, or refused', () => {
    let [taken, refused] = [0, 0];
    const near = event.chain(({ type, ...data }) => {
      const good = fc.constant(data);
      return fc.tuple(fc.constant(type), fc.oneof(good, some.spoiled(good), some.spoiled(good), some.spoiled(good)));
    });
    fc.assert(
      fc.property(near, ([type, data]) => {
        if (expectDecoded(codec, type, data, 1)) taken += 1;
        else refused += 1;
      }),
      { numRuns: 1_000 },
    );
    // Else it would show nothing about one of them.
    expect(taken).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  test('of any type and version, with anything in it, is refused', () => {
    const type = fc.oneof(
      event.map((one) => one.type),
      fc.string(),
    );
    const version = fc.oneof(fc.integer(), fc.double());
    fc.assert(fc.property(type, some.junk, version, (name, data, at) => void expectDecoded(codec, name, data, at)));
  });

  test('of far too much is refused, in few words', () => {
    fc.assert(
      fc.property(event, ({ type, ...data }) => {
        for (const value of some.large) {
          expect(expectDecoded(codec, type, value, 1)).toBe(false);
          for (const field of Object.keys(data)) expectDecoded(codec, type, { ...data, [field]: value }, 1);
        }
      }),
      { numRuns: 20 },
    );
  }, 60_000);
});

describe('a snapshot of an environment', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(some.reachable, ({ environment }) => {
        expect(Environment.parse(JSON.parse(JSON.stringify(environment)))).toEqual(environment);
      }),
    );
  });

  test('that is nearly right is taken whole or not at all', () => {
    fc.assert(fc.property(some.spoiled(some.anyEnvironment), (state) => expectSettled(Environment, state)));
  });
});

describe('a wake-up', () => {
  const message = fc.record({ v: fc.constant(1), deploymentId: some.deploymentId });

  test('of another version, with more fields or fewer, is understood if it names a deployment', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), some.deploymentId, (more, deploymentId) => {
        const { v: _, ...rest } = more;
        expect(WakeUp.parse({ ...rest, deploymentId })).toEqual({ v: 1, deploymentId });
      }),
    );
  });

  test('that is nearly right chokes nobody', () => {
    fc.assert(fc.property(some.spoiled(message), (spoiled) => expectSettled(WakeUp, spoiled)));
  });
});

test('what is read of any text is short, whole, and can be kept', () => {
  fc.assert(
    fc.property(some.hostileText, fc.integer({ min: 0, max: 1_000 }), (text, max) => {
      const kept = readable(text, max);
      expect(kept.length).toBeLessThanOrEqual(max);
      expect(kept.isWellFormed() && !kept.includes('\0')).toBe(true);
    }),
  );
});
