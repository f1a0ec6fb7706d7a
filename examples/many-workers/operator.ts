/** Gives orders through the API, as people and webhooks do: doubled, in a hurry, and in every environment at once. */
import { randomInt, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Shop } from './shop.ts';

export type Order = Readonly<{
  environment: string;
  kind: 'deploy' | 'rollback';
  /** Every deployment that its copies were answered with: one, if all is well. */
  deployments: ReadonlySet<string>;
}>;

export type Orders = Readonly<{
  given: readonly Order[];
  /** How many were refused, by the code of the refusal. */
  refused: ReadonlyMap<string, number>;
  /** What nobody could tell: the API itself failed. */
  failures: readonly string[];
}>;

type Operator = Readonly<{
  api: URL;
  shop: Shop;
  environments: readonly string[];
  /** Accepted ones, in all. */
  orders: number;
  /** Once for each environment: something is live in it. */
  onServed(environment: string): void;
  onSettled(done: number): void;
}>;

const Accepted = z.object({ answer: z.object({ deployment: z.string() }) });
const Refused = z.object({ code: z.string() });

export const giveOrders = async ({
  api,
  shop,
  environments,
  orders,
  onServed,
  onSettled,
}: Operator): Promise<Orders> => {
  const given: Order[] = [];
  const refused = new Map<string, number>();
  const failures: string[] = [];
  const releases = [...shop.commits.values()];
  let left = orders;
  let done = 0;

  /** One click, or two of the same: a person who is not sure, a webhook that is delivered again. */
  const click = async (environment: string, kind: Order['kind']): Promise<Order | null> => {
    const body =
      kind === 'rollback' ? {} : { repository: shop.repository, commit: releases[randomInt(releases.length)] };
    const path = `environments/${environment}/${kind === 'rollback' ? 'rollbacks' : 'deployments'}`;
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), 'x-user': 'ada' };
    const copies = Array.from({ length: 1 + randomInt(2) }, async () => {
      const response = await fetch(new URL(path, api), { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, said: await response.json() };
    });
    const deployments = new Set<string>();
    for (const { status, said } of await Promise.all(copies)) {
      if (status === 202) deployments.add(Accepted.parse(said).answer.deployment);
      else if (status === 409) refused.set(Refused.parse(said).code, (refused.get(Refused.parse(said).code) ?? 0) + 1);
      else failures.push(`${status} ${JSON.stringify(said)}`);
    }
    return deployments.size === 0 ? null : { environment, kind, deployments };
  };

  const settle = async ({ deployments }: Order) => {
    for (const deployment of deployments) {
      const response = await fetch(new URL(`deployments/${deployment}/settled`, api));
      if (!response.ok) failures.push(`${deployment} did not settle: ${response.status}`);
    }
    done += 1;
    onSettled(done);
  };

  const giveIn = async (environment: string) => {
    const unsettled: Promise<void>[] = [];
    for (let number = 0; left > 0; number += 1) {
      left -= 1;
      const order = await click(environment, number > 0 && randomInt(3) === 0 ? 'rollback' : 'deploy');
      if (order === null) {
        left += 1;
        continue;
      }
      given.push(order);
      const settled = settle(order);
      // Four times in five somebody waits for what was asked for; the fifth, the next order overtakes it.
      if (number === 0) {
        await settled;
        onServed(environment);
      } else if (randomInt(5) > 0) await settled;
      else unsettled.push(settled);
    }
    await Promise.all(unsettled);
  };

  await Promise.all(environments.map(giveIn));
  return { given, refused, failures };
};
