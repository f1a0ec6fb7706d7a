/** What is so in the end, from the events and from the engines: nothing lost, nothing doubled, nothing stuck. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentId, environmentEvents, type Position, type StoredEvent } from '@recourse/core';
import { type HistoryEntry, orFault } from '@recourse/engine';
import { isRight } from 'fp-ts/lib/Either.js';
import type { Orders } from './operator.ts';
import type { openPlatform } from './platform.ts';
import type { Shop } from './shop.ts';

export type Proof = Readonly<{
  lost: readonly string[];
  doubled: readonly string[];
  stuck: readonly string[];
  /** What contradicts itself: history, router, instances and answers. */
  wrong: readonly string[];
  /** How the deployments ended, and how many of each. */
  endings: ReadonlyMap<string, number>;
}>;

type Platform = Awaited<ReturnType<typeof openPlatform>>;

type Evidence = Readonly<{
  platform: Platform;
  orders: Orders;
  environments: readonly string[];
  shop: Shop;
  urlOf(environment: string): URL;
}>;

export const prove = async ({ platform, orders, environments, shop, urlOf }: Evidence): Promise<Proof> => {
  await atRest(platform, environments);
  const events = await everyEvent(platform);
  const history = new Map<string, HistoryEntry>();
  const wrong: string[] = [];
  for (const environment of environments) {
    for (const entry of await wholeHistory(platform, environment)) history.set(entry.deployment, entry);
    wrong.push(...(await contradictionsIn(platform, environment, history, shop, urlOf(environment))));
  }
  const unsettled = [...history.values()].filter(isUnfinished);
  return {
    lost: orders.given.flatMap(({ deployments }) => [...deployments].filter((id) => !history.has(id))),
    doubled: [...doubledIn(orders, history), ...repeatedIn(events)],
    stuck: unsettled.map(({ deployment, status }) => `${deployment} is ${status}`),
    wrong: [...wrong, ...(await leftovers(platform, environments))],
    endings: countOf([...history.values()].map(({ status }) => status)),
  };
};

const PATIENCE_MS = 120_000;

/** Until nobody has anything to do any more, or long enough to be called stuck. */
const atRest = async ({ recourse }: Platform, environments: readonly string[]): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS;
  const isBusy = async (environment: string) => {
    const page = await recourse.history({ environment, limit: 10 });
    return isRight(page) && page.right.entries.some(isUnfinished);
  };
  while ((await Promise.all(environments.map(isBusy))).includes(true) && Date.now() < deadline) await sleep(500);
};

const isUnfinished = ({ status }: Readonly<{ status: string }>): boolean =>
  ['waiting', 'in-flight', 'draining'].includes(status);

type EventPage = Readonly<{ events: readonly StoredEvent[]; next: Position | null }>;

const everyEvent = async ({ options: { store } }: Platform): Promise<readonly StoredEvent[]> => {
  const all: StoredEvent[] = [];
  for (let after: Position | null = null; ; ) {
    const page: EventPage = await orFault(store.readAll({ after, limit: 1_000 }));
    all.push(...page.events);
    if (page.events.length < 1_000) return all;
    after = page.next;
  }
};

const wholeHistory = async ({ recourse }: Platform, environment: string): Promise<readonly HistoryEntry[]> => {
  const entries: HistoryEntry[] = [];
  for (let before: number | undefined; ; ) {
    const page = await recourse.history({ environment, before, limit: 100 });
    if (!isRight(page)) throw new Error(`no history of ${environment}: ${page.left.code}`);
    for (const entry of page.right.entries) if (entry.status !== 'unreadable') entries.push(entry);
    if (page.right.next === null) return entries;
    before = page.right.next;
  }
};

/** Deployments that nobody asked for, and clicks that made more than one. */
const doubledIn = ({ given }: Orders, history: ReadonlyMap<string, HistoryEntry>): readonly string[] => {
  const asked = new Set(given.flatMap(({ deployments }) => [...deployments]));
  const twice = given.filter(({ deployments }) => deployments.size > 1);
  return [
    ...twice.map(({ deployments }) => `one click made ${[...deployments].join(' and ')}`),
    ...[...history.keys()].filter((id) => !asked.has(id)).map((id) => `nobody asked for ${id}`),
  ];
};

/** What happens once to a deployment, and was recorded more often. */
const repeatedIn = (events: readonly StoredEvent[]): readonly string[] =>
  [...countOf(events.flatMap(onceOnly))].flatMap(([what, times]) => (times > 1 ? [`${what}, ${times} times`] : []));

const onceOnly = (stored: StoredEvent): readonly string[] => {
  const inEnvironment = environmentEvents.decode(stored);
  if (isRight(inEnvironment))
    return inEnvironment.right.type === 'Activated' ? [`Activated of ${inEnvironment.right.release.deployment}`] : [];
  const once = ['Admitted', 'Built', 'Promoted', 'Retired'];
  return once.includes(stored.type) ? [`${stored.type} in ${stored.stream}`] : [];
};

/** The newest entry that went live and was not replaced is what the router points at, runs, and answers. */
const contradictionsIn = async (
  { recourse, options: { router } }: Platform,
  environment: string,
  history: ReadonlyMap<string, HistoryEntry>,
  shop: Shop,
  url: URL,
): Promise<readonly string[]> => {
  const state = await recourse.environment(environment);
  const live = isRight(state) ? state.right.live : null;
  if (live === null) return [`nothing is live in ${environment}`];
  const wrong: string[] = [];
  const entry = history.get(live.release.deployment);
  if (entry?.status !== 'live') wrong.push(`history says that what is live in ${environment} is ${entry?.status}`);
  const route = await orFault(router.where(EnvironmentId.parse(environment)));
  if (route?.upstream?.id !== live.instance.id) wrong.push(`${environment} is routed to ${route?.upstream?.id}`);
  const answer = (await (await fetch(url)).text()).trim();
  if (shop.commits.get(answer) !== entry?.commit) wrong.push(`${environment} is answered by ${answer}`);
  return wrong;
};

/** Of each environment one instance runs, and nothing else. */
const leftovers = async (
  { options: { runtime } }: Platform,
  environments: readonly string[],
): Promise<readonly string[]> => {
  const running = countOf((await orFault(runtime.list())).map(({ environment }) => environment));
  return environments.flatMap((environment) => {
    const count = running.get(environment) ?? 0;
    return count === 1 ? [] : [`${count} instances run in ${environment}`];
  });
};

const countOf = (words: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};
