/** Names and values. Ids come from a small pool too, because what is interesting begins where two of them are equal. */
import {
  Actor,
  CommitId,
  DeploymentId,
  Digest,
  EnvironmentId,
  Fence,
  InstanceId,
  Instant,
  StepKey,
  Text,
} from '@recourse/core';
import fc from 'fast-check';

const hex = (length: number) =>
  fc.oneof(
    fc.constantFrom('a', 'b', 'c').map((digit) => digit.repeat(length)),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length }),
  );

const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('d-1', 'd-2', 'd-3') },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/) },
);

export const deploymentId = name.map((text) => DeploymentId.parse(text));
export const environmentId = name.map((text) => EnvironmentId.parse(text));
export const digest = hex(64).map((digits) => Digest.parse(`sha256:${digits}`));
export const commitId = fc.oneof(hex(40), hex(64)).map((digits) => CommitId.parse(digits));
export const fence = fc
  .oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2 ** 40 }))
  .map((number) => Fence.parse(number));
export const instant = fc
  .oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 2 ** 42 }))
  .map((ms) => Instant.parse(ms));
export const stepKey = fc
  .oneof(
    fc.constantFrom('d-1-start-1', 'd-1-start-2', 'd-2-start-1'),
    fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,127}$/),
  )
  .map((text) => StepKey.parse(text));
export const instanceId = fc
  .oneof(fc.constantFrom('i-1', 'i-2'), fc.stringMatching(/^[0-9a-f]{12}$/))
  .map((text) => InstanceId.parse(text));

export const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((some) => Text.parse(some));
export const actor = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((some) => Actor.parse(some));

/** What engines and apps say when they fail: of any length, with anything in it that breaks a store or a screen. */
export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('\0', '\ud800', '\udfff', '😀', '\u2028', '"', '\\', '\n', 'a'), maxLength: 60 }),
  fc.integer({ min: 990, max: 6000 }).map((length) => `${'x'.repeat(length - 1)}😀${'y'.repeat(20)}`),
);
