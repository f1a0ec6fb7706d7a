/** What all parts of one simulated world share. */
import type { Choices, Moment } from './choices.ts';
import type { Fact } from './facts.ts';
import type { FaultClass, Rates } from './faults.ts';
import type { Kernel } from './kernel.ts';
import type { Places } from './places.ts';
import type { Trace } from './trace.ts';

export type Lab = Readonly<{
  kernel: Kernel;
  choices: Choices;
  trace: Trace;
  /** Whether this goes wrong now. `operation` is what it would befall, for the count of what was tried. */
  fault(moment: Moment, fault: FaultClass, operation: string): boolean;
  /** How badly this goes wrong now, from 1 to `worst`; 0 if it does not. */
  severity(moment: Moment, fault: FaultClass, operation: string, worst: number): number;
  /** Whether this can go wrong in this run at all. */
  isPossible(fault: FaultClass): boolean;
  /** Counts an operation, with or without a fault, and says in which place it is done. */
  operation(name: string, subject: string): string;
  /** No more faults from here on. */
  calm(): void;
  isCalm(): boolean;
  /** Tells what has happened to whoever watches over the run. */
  fact(fact: Fact): void;
  /** Something rare that a campaign must have seen. */
  saw(what: string): void;
  /** The library did what it may never do, whatever the circumstances. */
  defect(what: string): void;
  counts: Counts;
}>;

/** What came about in a run, by name. */
export type Counts = Readonly<{
  faults: ReadonlyMap<string, number>;
  /** `place operation × fault`. */
  visits: ReadonlyMap<string, number>;
  /** `place operation`: every operation, with or without a fault. */
  operations: ReadonlyMap<string, number>;
  sightings: ReadonlyMap<string, number>;
}>;

export type LabParts = Readonly<{
  kernel: Kernel;
  choices: Choices;
  trace: Trace;
  rates: Rates;
  places: Places;
  watch: (fact: Fact) => void;
  defect: (what: string) => void;
}>;

export const createLab = ({ kernel, choices, trace, rates, places, watch, defect }: LabParts): Lab => {
  const faults = new Map<string, number>();
  const visits = new Map<string, number>();
  const operations = new Map<string, number>();
  const sightings = new Map<string, number>();
  let calm = false;
  const severity: Lab['severity'] = (moment, fault, operation, worst) => {
    const drawn = calm ? 0 : moment.rarely(fault, rates[fault], worst);
    if (drawn === 0) return 0;
    count(faults, fault);
    count(visits, `${operation} × ${fault}`);
    trace.note('fault', `${fault} at ${operation}`);
    return drawn;
  };
  return {
    kernel,
    choices,
    trace,
    severity,
    fault: (moment, fault, operation) => severity(moment, fault, operation, 1) > 0,
    isPossible: (fault) => rates[fault] > 0,
    operation: (name, subject) => {
      const placed = places.of(subject, name);
      count(operations, placed);
      return placed;
    },
    calm: () => {
      calm = true;
      trace.note('world', 'no more faults');
    },
    isCalm: () => calm,
    fact: watch,
    saw: (what) => count(sightings, what),
    defect,
    counts: { faults, visits, operations, sightings },
  };
};

export const count = (counts: Map<string, number>, name: string, by = 1): void =>
  void counts.set(name, (counts.get(name) ?? 0) + by);
