/**
 * While a world runs, time and chance come from it alone. Whoever of our files reaches for the real ones is stopped
 * there; everybody else (the test runner) is let through. When somebody's own adapter is in the world, everybody is
 * stopped but what is installed.
 */

type Wire = Readonly<{ owner: object; name: string }>;

const wires: readonly Wire[] = [
  { owner: Date, name: 'now' },
  { owner: globalThis, name: 'Date' },
  { owner: Math, name: 'random' },
  { owner: performance, name: 'now' },
  { owner: globalThis.crypto, name: 'randomUUID' },
  { owner: globalThis.crypto, name: 'getRandomValues' },
  { owner: globalThis, name: 'setTimeout' },
  { owner: globalThis, name: 'setInterval' },
  { owner: globalThis, name: 'setImmediate' },
  { owner: globalThis, name: 'fetch' },
];

/** The files that have to be deterministic. */
const ours =
  /[/\\](?:packages|@recourse)[/\\](?:core|engine)[/\\](?:src|dist)[/\\]|[/\\]testing[/\\](?:src|dist)[/\\]simulation[/\\]/;

/** What comes with the test runner and with Node. Nobody's: a caller without a file. */
const installed = /[/\\]node_modules[/\\]|\bnode:|^[^/\\]*$/;

let running = 0;
let restore: (() => void)[] = [];
const watchful = new Set<(what: string) => void>();

/** With `tripped`, which is told of it, also those are stopped who are neither ours nor installed. */
export const withTripwire = async <A>(simulation: () => Promise<A>, tripped?: (what: string) => void): Promise<A> => {
  if (running++ === 0) restore = wires.map(stretch);
  if (tripped) watchful.add(tripped);
  try {
    return await simulation();
  } finally {
    if (tripped) watchful.delete(tripped);
    if (--running === 0) for (const undo of restore) undo();
  }
};

const stretch = ({ owner, name }: Wire): (() => void) => {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') return () => undefined;
  const guard = () => {
    const caller = callerIn(new Error().stack);
    if (!ours.test(caller) && (watchful.size === 0 || installed.test(caller))) return;
    const what = `${name} was called in a simulated world`;
    for (const tripped of watchful) tripped(`${what}, ${caller.trim()}`);
    throw new Error(what);
  };
  const guarded = new Proxy(original, {
    apply: (target, self, args) => {
      guard();
      return Reflect.apply(target, self === undefined ? owner : self, args);
    },
    construct: (target, args, made) => {
      // A date of a given time is arithmetic; one without is a look at the clock.
      if (args.length === 0) guard();
      return Reflect.construct(target, args, made);
    },
  });
  const own = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value: guarded, configurable: true, writable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, own);
  };
};

/** Line 0 is the message, 1 the guard, 2 the trap, 3 whoever called. */
const callerIn = (stack: string | undefined): string => stack?.split('\n')[3] ?? '';
