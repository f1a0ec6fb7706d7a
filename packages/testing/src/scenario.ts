import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { expect } from 'vitest';

/** A stream of events as functions: where it begins, what an event adds, what may be decided. */
export type Decider<Command, State, Event, Rejection> = Readonly<{
  initial: State;
  evolve: (state: State, event: Event) => State;
  decide: (command: Command, state: State) => Either<Rejection, readonly Event[]>;
}>;

/** Given what happened, when this is asked, then this happens, or is refused. One sentence a test. */
export const scenarios = <C, S, E, R extends { code: string }>({ initial, evolve, decide }: Decider<C, S, E, R>) => ({
  given: (...history: readonly E[]) => ({
    when: (command: C) => {
      const outcome = decide(command, history.reduce(evolve, initial));
      return {
        thenHappens: (...events: readonly E[]) => expect(outcome).toEqual({ _tag: 'Right', right: events }),
        thenNothing: () => expect(outcome).toEqual({ _tag: 'Right', right: [] }),
        thenRejected: (code: R['code'], facts: Readonly<Record<string, unknown>> = {}) =>
          expect(isLeft(outcome) && outcome.left, tell(outcome)).toMatchObject({ code, ...facts }),
      };
    },
  }),
});

/** What came instead, for a message that can be understood without a debugger. */
const tell = (outcome: Either<unknown, unknown>): string => JSON.stringify(outcome);
