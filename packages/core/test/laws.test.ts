/** Laws of every decider: they hold in any state, those included that never come about. */
import {
  type Deployment,
  type DeploymentCommand,
  decideDeployment,
  decideEnvironment,
  deploymentEvents,
  type EffectName,
  type Environment,
  type EnvironmentCommand,
  Environment as EnvironmentSchema,
  type EventCodec,
  environmentEvents,
  evolveDeployment,
  evolveEnvironment,
  Fence,
  initialDeployment,
  initialEnvironment,
  next,
} from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import type { Either } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

type Given<State, Command> = Readonly<{ state: State; command: Command }>;

const steps: Partial<Record<DeploymentCommand['type'], EffectName>> = {
  RecordResolved: 'resolve-source',
  RecordProbe: 'probe-image',
  RecordPulled: 'pull-image',
  RecordBuilt: 'build',
  RecordStarted: 'start',
  RecordHealth: 'check-health',
  RecordRestored: 'restore-traffic',
};

/** Half of the time the command fits: its very attempt is under way, its fence is held. Else little would happen. */
const fitDeployment = ({
  command,
  state,
}: Given<Deployment, DeploymentCommand>): Given<Deployment, DeploymentCommand> => {
  const { fence, failures } = state;
  if (command.type === 'BeginStep') {
    const { step, key } = command.step;
    const admitted = fence === null ? evolveDeployment(state, { type: 'Admitted', fence: Fence.parse(1) }) : state;
    const begun = { type: 'StepStarted', step: 'start', attempt: 1, run: 1, key } as const;
    const stop = command.step.run % 2 === 0 ? 'stop-instance' : step;
    const due = { ...command.step, step: stop, attempt: (failures[stop] ?? 0) + 1 };
    return { state: evolveDeployment(admitted, begun), command: { ...command, step: due } };
  }
  if (command.type === 'RecordStopped') {
    const begun = { type: 'StepStarted', step: 'start', attempt: 1, run: 1, key: command.key } as const;
    return { command, state: evolveDeployment(state, begun) };
  }
  if (command.type === 'RecordPromoted' && fence !== null) return { state, command: { ...command, fence } };
  const step = command.type === 'RecordFailure' ? command.step : steps[command.type];
  if (step === undefined || !('attempt' in command)) return { state, command };
  const { attempt, key } = command;
  return { command, state: evolveDeployment(state, { type: 'StepStarted', step, attempt, run: 1, key }) };
};

const fitEnvironment = ({
  command,
  state,
}: Given<Environment, EnvironmentCommand>): Given<Environment, EnvironmentCommand> => {
  if (state.slot === null) return { command, state };
  const { deployment, fence } = state.slot;
  if (command.type === 'Activate')
    return { state, command: { ...command, release: { ...command.release, deployment, fence } } };
  return { state, command: command.type === 'Abort' ? { ...command, deployment, fence } : command };
};

/** A walk costs a hundred times what a heap of events does. */
const mostly = <State>(any: fc.Arbitrary<State>, walked: fc.Arbitrary<State>): fc.Arbitrary<State> =>
  fc.oneof({ weight: 5, arbitrary: any }, { weight: 1, arbitrary: walked });

type Frozen = <Value>(value: Value) => Value;
const frozen: Frozen = (value) => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
};

type Subject<State, Command extends { type: string }, Event extends { type: string }> = Readonly<{
  state: fc.Arbitrary<State>;
  command: fc.Arbitrary<Command>;
  event: fc.Arbitrary<Event>;
  fit: (given: Given<State, Command>) => Given<State, Command>;
  decide: (command: Command, state: State) => Either<{ code: string }, readonly Event[]>;
  evolve: (state: State, event: Event) => State;
  codec: EventCodec<Event>;
  /** What the same command comes to when it comes again: nothing happens, or it is refused. */
  again: Readonly<Record<Command['type'], 'nothing' | 'refused' | 'either'>>;
}>;

const laws = <State, Command extends { type: string }, Event extends { type: string }>(
  name: string,
  { state, command, event, fit, decide, evolve, codec, again }: Subject<State, Command, Event>,
) => {
  const decided = fc
    .record({ given: fc.record({ state, command }), fits: fc.boolean() })
    .map(({ given, fits }) => (fits ? fit(given) : given));

  describe(name, () => {
    test('invariant 4: whatever happened, it survives', () => {
      fc.assert(fc.property(state, event, (before, happened) => void evolve(frozen(before), happened)));
    });

    test('invariant 4: a decision changes nothing by itself, least of all a refusal', () => {
      fc.assert(
        fc.property(decided, (given) => {
          const { state: before, command: asked } = frozen(given);
          const written = JSON.stringify(before);
          expect(decide(asked, before)).toEqual(decide(asked, before));
          expect(JSON.stringify(before)).toBe(written);
        }),
      );
    });

    test('invariant 4: whatever is decided can be kept, read again and lived with', () => {
      let events = 0;
      fc.assert(
        fc.property(decided, ({ state: before, command: asked }) => {
          const outcome = decide(asked, before);
          if (outcome._tag === 'Left') return;
          for (const happens of outcome.right) {
            const stored = JSON.parse(JSON.stringify(codec.encode(happens)));
            const read = codec.decode({ ...stored, stream: 'law', version: 0 });
            expect(read).toEqual({ _tag: 'Right', right: happens });
            events++;
          }
          outcome.right.reduce(evolve, before);
        }),
        { numRuns: 600 },
      );
      expect(events).toBeGreaterThan(100);
    });

    test('the same command again changes nothing, or is refused', () => {
      const seen = new Set<string>();
      fc.assert(
        fc.property(decided, ({ state: before, command: asked }) => {
          const first = decide(asked, before);
          if (first._tag === 'Left' || first.right.length === 0) return;
          const second = decide(asked, first.right.reduce(evolve, before));
          const came = second._tag === 'Left' ? 'refused' : second.right.length === 0 ? 'nothing' : 'something new';
          const type: Command['type'] = asked.type;
          seen.add(type);
          expect(again[type] === 'either' && came !== 'something new' ? 'either' : came, type).toBe(again[type]);
        }),
        { numRuns: 2_000 },
      );
      expect([...seen].sort()).toEqual(Object.keys(again).sort());
    });
  });
};

/** Of what was never requested there is little to decide, and of what has just been requested there is much. */
const requested = fc
  .record({
    heap: some.anyDeployment,
    request: some.deploymentRequest,
    where: fc.constantFrom('heap', 'asked', 'fresh'),
  })
  .map(({ heap, request, where }) =>
    where === 'heap' ? heap : evolveDeployment(where === 'asked' ? heap : initialDeployment, request),
  );

laws('a deployment', {
  state: mostly(
    requested,
    some.reachable.map(({ deployment }) => deployment),
  ),
  command: some.deploymentCommand,
  event: some.deploymentEvent,
  fit: fitDeployment,
  decide: decideDeployment,
  evolve: evolveDeployment,
  codec: deploymentEvents,
  again: {
    Request: 'nothing',
    RecordAdmitted: 'nothing',
    // Refused, if it counted as failed because too many workers died of it.
    BeginStep: 'either',
    RecordResolved: 'refused',
    RecordProbe: 'refused',
    RecordPulled: 'refused',
    RecordBuilt: 'refused',
    RecordStarted: 'refused',
    RecordHealth: 'refused',
    RecordPromoted: 'nothing',
    RecordRestored: 'refused',
    RecordFailure: 'refused',
    RecordStopped: 'nothing',
    Retire: 'nothing',
    Cancel: 'nothing',
    Supersede: 'nothing',
  },
});

laws('an environment', {
  state: mostly(
    some.anyEnvironment,
    some.reachable.map(({ environment }) => environment),
  ),
  command: some.environmentCommand,
  event: some.environmentEvent,
  fit: fitEnvironment,
  decide: decideEnvironment,
  evolve: evolveEnvironment,
  codec: environmentEvents,
  again: {
    StandInLine: 'nothing',
    Admit: 'nothing',
    Activate: 'nothing',
    Abort: 'nothing',
    Release: 'nothing',
    ResumeAutoDeploy: 'nothing',
  },
});

describe('an environment as a snapshot', () => {
  test('comes out of a store as it went in', () => {
    fc.assert(
      fc.property(some.reachable, ({ environment: state }) => {
        expect(EnvironmentSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
      }),
    );
  });

  test('is bounded, but for those that wait', () => {
    fc.assert(
      fc.property(fc.array(some.environmentEvent, { maxLength: 400, size: 'max' }), (events) => {
        const { proven, released } = events.reduce(evolveEnvironment, initialEnvironment);
        expect(proven.length).toBeLessThanOrEqual(20);
        expect(released.length).toBeLessThanOrEqual(100);
      }),
      { numRuns: 20 },
    );
  });
});

describe('what is owed', () => {
  const anything = fc.record({ deployment: some.anyDeployment, environment: some.anyEnvironment });

  test('is the same for the same facts, whatever the facts, and asking changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(anything, some.reachable), some.instant, (facts, now) => {
        const { deployment, environment } = frozen(facts);
        expect(next(deployment, environment, now)).toEqual(next(deployment, environment, now));
      }),
      { numRuns: 300 },
    );
  });
});
