/** What becomes of it when PostgreSQL goes away, or does not answer. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { left, right } from '@recourse/testing';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startPrivatePostgres } from '../../../scripts/engines/postgres.ts';
import { openPgBossQueue } from '../src/index.ts';
import { consume, wakeUp } from './consuming.ts';

const postgres = startPrivatePostgres();
afterAll(async () => (await postgres).stop());
const unavailable = { kind: 'transient', code: 'queue/unavailable' };

/** Something that takes connections and never answers, and how long it took to say so. Others need not wait for it. */
const askOneThatNeverAnswers = async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const asked = Date.now();
  const answer = await openPgBossQueue({ connection: `postgres://u:p@127.0.0.1:${port}/x` })();
  server.close();
  return { answer, tookMs: Date.now() - asked };
};
const neverAnswered = askOneThatNeverAnswers();

test('a PostgreSQL that is away is told within seconds; consumers go on when it is back, or end without it', async () => {
  const { url, kill, start } = await postgres;
  const { queue, close } = await right(openPgBossQueue({ connection: url }));
  onTestFinished(close);
  const leave = Promise.withResolvers<void>();
  const [stays, ends] = [consume(queue), consume(queue, () => leave.promise)];
  for (const name of ['d1', 'd2', 'd3', 'd4']) await right(queue.enqueue(wakeUp(name)));
  await expect.poll(() => ends.handled.length).toBeGreaterThan(0);
  const underWay = [...ends.handled];
  await right(queue.enqueue(wakeUp('later'), { delayMs: 500 }));

  await kill();
  const asked = Date.now();
  expect(await left(queue.enqueue(wakeUp('meanwhile')))).toMatchObject(unavailable);
  expect(await left(openPgBossQueue({ connection: url }))).toMatchObject(unavailable);
  ends.abort.abort();
  leave.resolve();
  expect(await ends.ended).toEqual({ _tag: 'Right', right: undefined });
  expect(Date.now() - asked).toBeLessThan(5000);

  await start();
  await expect.poll(() => queue.enqueue(wakeUp('after'))(), { timeout: 10_000 }).toMatchObject({ _tag: 'Right' });
  await stays.saw(wakeUp('after'));
  await stays.saw(wakeUp('later'));
  // What it was done with while nobody could be told comes again.
  for (const message of underWay) await expect.poll(() => stays.handled, { timeout: 10_000 }).toContainEqual(message);
  await close();
  expect(await stays.ended).toMatchObject({ _tag: 'Left', left: unavailable });
});

test('one that takes a connection and never answers is one that is away', async () => {
  const { answer, tookMs } = await neverAnswered;
  expect(answer).toMatchObject({ _tag: 'Left', left: unavailable });
  expect(tookMs).toBeLessThan(6000);
});
