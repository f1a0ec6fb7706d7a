/** A failing run, told: what broke, the few choices that it takes, what happened, and a test to keep. */
import type { Adapters } from './adapters.ts';
import type { Plan } from './choices.ts';
import type { ProfileName } from './faults.ts';
import { type Simulation, simulate } from './simulate.ts';
import { smallest } from './smallest.ts';
import type { TraceLine } from './trace.ts';

/** A run in which something did not hold, and what it takes to run it again. */
export type Finding = Readonly<{
  seed: number;
  profile: ProfileName;
  adapters?: Adapters | undefined;
  simulation: Simulation;
}>;

/** How many lines of the log, before the end, a report shows. */
const LINES_MAX = 150;

/**
 * Shrinks what was found and tells it in Markdown. That takes some hundred runs, each smaller than the one before.
 * Throws if nothing was found.
 */
export const reportOf = async (finding: Finding): Promise<string> => {
  const { seed, profile, adapters, simulation } = finding;
  const { violation, plan } = simulation;
  if (violation === null) throw new Error(`Run ${seed} has nothing to report.`);
  const shrunk = await smallest(finding);
  const told = await simulate({ plan: shrunk.plan, profile, adapters, trace: true });
  return [
    `# ${violation.invariant}, seed ${seed}`,
    '',
    told.violation?.detail ?? violation.detail,
    '',
    `${plan.size} choices came down to ${shrunk.plan.size} in ${shrunk.replays} replays.`,
    `Replay: \`${replayOf(finding)}\``,
    '',
    '## What happened',
    '',
    ...timeline(told.trace),
    '',
    '## A test to keep',
    '',
    '```ts',
    ...testOf(violation.invariant, shrunk.plan, finding),
    '```',
    '',
  ].join('\n');
};

/** Everything but the many small questions: what was recorded, what went wrong, what the world did. */
const timeline = (lines: readonly TraceLine[]): readonly string[] => {
  const told = withoutEchoes(
    lines.filter(({ what }) => !/^(?:store\.read|snapshots\.|store\.head|slow at)/.test(what)),
  );
  const shown = told.slice(-LINES_MAX);
  const left = told.length - shown.length;
  return [
    ...(left > 0 ? [`(${left} lines before)`, ''] : []),
    '| ms | who | what |',
    '|---:|---|---|',
    ...shown.map(({ at, who, what }) => `| ${at} | ${who} | ${brief(what)} |`),
  ];
};

/** Whoever does not speak for a process: something has changed. */
const news = ['log', 'world', 'router', 'fault', 'INVARIANT'];

/** Sweepers ask the same over and over; as long as nothing changes, once is enough. */
const withoutEchoes = (lines: readonly TraceLine[]): readonly TraceLine[] => {
  const asked = new Set<string>();
  return lines.filter(({ who, what }) => {
    if (news.includes(who)) asked.clear();
    const isEcho = asked.has(`${who} ${what}`);
    asked.add(`${who} ${what}`);
    return !isEcho;
  });
};

const brief = (what: string): string => {
  const recorded = /^(\S+): \{"id":"[^"]*","type":"(\w+)".*"data":(\{.*\}),"metadata".*"stream":"([^"]+)"/.exec(what);
  const [, by, type, data, stream] = recorded ?? [];
  const text = recorded === null ? what : `**${type}** in ${stream}, by ${by}: ${(data ?? '').slice(0, 120)}`;
  return text.replaceAll('|', '\\|');
};

const replayOf = ({ seed, profile, adapters }: Finding): string =>
  adapters === undefined
    ? `npm run simulate -- --seed ${seed} --profile ${profile}`
    : `simulate({ seed: ${seed}, profile: '${profile}', adapters })`;

const testOf = (invariant: string, plan: Plan, { profile, adapters }: Finding): readonly string[] => [
  `test('${invariant}: say in words what went wrong', async () => {`,
  '  const { violation } = await simulate({',
  `    profile: '${profile}',`,
  ...(adapters === undefined ? [] : ['    adapters,']),
  '    plan: new Map([',
  ...[...plan].map(([name, value]) => `      [${JSON.stringify(name)}, ${value}],`),
  '    ]),',
  '  });',
  '  expect(violation).toBeNull();',
  '});',
];
