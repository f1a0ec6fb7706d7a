/** What the example is asked to do, from its command line. */
import { parseArgs } from 'node:util';
import type { QueueName } from './services.ts';

export const usage = `Usage: npm run many-workers -- [--queue bullmq|pgboss] [--orders 500] [--environments 20]
                              [--workers 3] [--kills 100] [--freezes 20]`;

export type Plan = Readonly<{
  queue: QueueName;
  /** Deployments and rollbacks that are accepted, in all. */
  orders: number;
  environments: number;
  workers: number;
  kills: number;
  freezes: number;
}>;

/** Throws an Error that names the option and its value. */
export const readPlan = (args: readonly string[]): Plan => {
  const option = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      queue: option('bullmq'),
      orders: option('500'),
      environments: option('20'),
      workers: option('3'),
      kills: option('100'),
      freezes: option('20'),
    },
  });
  if (values.queue !== 'bullmq' && values.queue !== 'pgboss')
    throw new Error(`--queue is bullmq or pgboss, not ${values.queue}.`);
  return {
    queue: values.queue,
    orders: count('orders', values.orders, 1),
    environments: count('environments', values.environments, 1),
    workers: count('workers', values.workers, 1),
    kills: count('kills', values.kills, 0),
    freezes: count('freezes', values.freezes, 0),
  };
};

const count = (name: string, value: string, min: number): number => {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < min) throw new Error(`--${name} is ${min} or more, not ${value}.`);
  return number;
};
