/** Checked by the compiler: each refusal below is a line that must not compile. */
import type {
  CommitId,
  DeploymentCommand,
  DeploymentEvent,
  DeploymentEventOf,
  DeploymentId,
  Digest,
  EffectName,
  EnvironmentId,
  Fence,
  Finding,
  PortError,
  Rejection,
  Release,
  Step,
  WrongExpectedVersion,
} from '@recourse/core';
import { match } from 'ts-pattern';
import { describe, expectTypeOf, test } from 'vitest';

describe('a name is not another name', () => {
  test('a commit is not a digest, a deployment is not an environment, a number is not a fence', () => {
    expectTypeOf<CommitId>().not.toExtend<Digest>();
    expectTypeOf<Digest>().not.toExtend<CommitId>();
    expectTypeOf<DeploymentId>().not.toExtend<EnvironmentId>();
    expectTypeOf<number>().not.toExtend<Fence>();
    expectTypeOf<string>().not.toExtend<DeploymentId>();
    expectTypeOf<DeploymentId>().toExtend<string>();
  });

  test('a release knows which is which', () => {
    expectTypeOf<Release['image']['digest']>().toEqualTypeOf<Digest>();
    expectTypeOf<Release['deployment']>().toEqualTypeOf<DeploymentId>();
    const wrong = (release: Release, commit: CommitId): Release => ({
      ...release,
      // @ts-expect-error a commit where a digest belongs
      image: { ...release.image, digest: commit },
    });
    expectTypeOf(wrong).toBeFunction();
  });
});

describe('nothing is forgotten', () => {
  test('a finding without a case does not compile', () => {
    const told = (finding: Finding) =>
      match(finding)
        .with('present', () => 1)
        .with('in-registry', () => 2)
        .with('changed', () => 3)
        // @ts-expect-error `absent` has no case
        .exhaustive();
    expectTypeOf(told).toBeFunction();
  });

  test('an event without a case does not compile', () => {
    // @ts-expect-error `Superseded` has no case, so not every path returns
    const told = (event: DeploymentEventOf<'Cancelled' | 'Superseded'>): string => {
      switch (event.type) {
        case 'Cancelled':
          return 'cancelled';
      }
    };
    expectTypeOf(told).toBeFunction();
  });
});

describe('what is known of each', () => {
  test('an event by its name has its fields and no others', () => {
    expectTypeOf<DeploymentEventOf<'Admitted'>>().toEqualTypeOf<{ type: 'Admitted'; fence: Fence }>();
    expectTypeOf<DeploymentEventOf<'Cancelled'>>().toEqualTypeOf<{ type: 'Cancelled' }>();
    expectTypeOf<ReturnType<typeof DeploymentEvent.parse>>().toEqualTypeOf<DeploymentEvent>();
  });

  test('an outcome says of which attempt it is', () => {
    type Outcome = Extract<DeploymentCommand, { type: 'RecordBuilt' | 'RecordHealth' | 'RecordFailure' }>;
    expectTypeOf<Outcome>().toHaveProperty('attempt');
    expectTypeOf<Outcome>().toHaveProperty('key');
  });

  test('every effect has a key, and what only moves streams has none', () => {
    expectTypeOf<Extract<Step, { effect: EffectName }>>().toHaveProperty('key');
    expectTypeOf<Extract<Step, { type: 'Admit' }>>().toEqualTypeOf<Readonly<{ type: 'Admit' }>>();
    expectTypeOf<Extract<Step, { effect: EffectName }>['effect']>().toEqualTypeOf<EffectName>();
  });

  test('a lost race is a port error with its facts', () => {
    expectTypeOf<WrongExpectedVersion>().toExtend<PortError>();
    expectTypeOf<PortError>().not.toExtend<WrongExpectedVersion>();
    expectTypeOf<Rejection['code']>().not.toEqualTypeOf<string>();
  });
});
