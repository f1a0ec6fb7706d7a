/** Traffic for demos, benchmarks and acceptance tests: clients that ask without a pause, and count who answered. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './conformance/router-traffic.ts';

export type TrafficReport = Readonly<{
  requests: number;
  /** Not answered, or answered with anything but 200. */
  failed: number;
  /** Answered by what had been replaced before the request began. */
  stale: number;
  /** How many requests each answer's body was given to. */
  byBody: Readonly<Record<string, number>>;
  /** What the first failures were. */
  problems: readonly string[];
}>;

export type Traffic = Readonly<{
  /** Every request that begins from now on must be answered with this body. Null: with any. */
  expect(body: string | null): void;
  soFar(): TrafficReport;
  /** Resolves when so many requests have been answered in all. */
  reached(requests: number): Promise<void>;
  stop(): Promise<TrafficReport>;
}>;

export type TrafficOptions = Readonly<{
  url: URL;
  clients: number;
  /** Between two requests of one client. Default 0. */
  pauseMs?: number;
}>;

const PROBLEMS_MAX = 20;

export const startTraffic = ({ url, clients, pauseMs = 0 }: TrafficOptions): Traffic => {
  const byBody = new Map<string, number>();
  const problems: string[] = [];
  let requests = 0;
  let failed = 0;
  let stale = 0;
  let expected: string | null = null;
  let stopped = false;

  const note = (problem: string) => {
    if (problems.length < PROBLEMS_MAX) problems.push(problem);
  };

  const once = async (agent: Agent) => {
    const due = expected;
    const answer = await ask(url, { path: url.pathname, agent }).catch((error: Error) => error);
    requests++;
    if (answer instanceof Error || answer.status !== 200) {
      failed++;
      note(answer instanceof Error ? answer.message : `status ${answer.status}: ${answer.body}`);
      return;
    }
    const body = answer.body.trim();
    byBody.set(body, (byBody.get(body) ?? 0) + 1);
    // What began before the switch was acknowledged may be answered by either; what began before the next one, too.
    if (due === null || body === due || expected !== due) return;
    stale++;
    note(`answered by ${body} after ${due} was live`);
  };

  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) {
      await once(agent);
      if (pauseMs > 0) await sleep(pauseMs);
    }
    agent.destroy();
  };
  const running = Array.from({ length: clients }, client);
  const report = () => ({ requests, failed, stale, byBody: Object.fromEntries(byBody), problems });

  return {
    expect: (body) => {
      expected = body;
    },
    soFar: report,
    reached: async (wanted) => {
      while (requests < wanted) await sleep(10);
    },
    stop: async () => {
      stopped = true;
      await Promise.all(running);
      return report();
    },
  };
};
