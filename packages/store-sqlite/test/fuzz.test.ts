/** Where to read on from, and what is queued, over what is wrong, nearly right, and far too much. */
import type { Position } from '@recourse/core';
import { right, some } from '@recourse/testing';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openSqliteStore } from '../src/index.ts';
import { someEvent } from './sample.ts';

vi.setConfig({ testTimeout: 60_000 });

const opened = async () => {
  const sqlite = await right(openSqliteStore({ file: ':memory:' }));
  onTestFinished(() => sqlite.close());
  return sqlite;
};

test('a position that this store never gave is refused, and none is taken for another', async () => {
  const { store } = await opened();
  for (let n = 0; n < 3; n += 1)
    await right(store.append({ stream: 'deployment-1', expected: 'any', events: [someEvent(n)] }));
  const position = fc.oneof(
    fc.string(),
    fc.constantFrom('', '0', '1', '01', ' 1', '1 ', '1.0', '1e0', '-1', '0x1', '٣', '9'.repeat(40), '1\0', 'null'),
  );
  const check = async (after: string) => {
    const read = await store.readAll({ after: after as Position, limit: 9 })();
    if (read._tag === 'Left') expect(read.left.code).toMatch(/^store\//);
    else
      expect(read.right.events.map((event) => event.position)).toEqual(
        ['1', '2', '3'].filter((one) => Number(one) > Number(after)),
      );
  };
  await fc.assert(fc.asyncProperty(position, check), { numRuns: 500 });
  for (const value of some.large) if (typeof value === 'string') await check(value);
});

test('a message of any kind is handed to its handler, and holds up no other', async () => {
  const { queue } = await opened();
  const abort = new AbortController();
  const handled: unknown[] = [];
  const messages = fc.sample(some.junk, 40);
  for (const [n, junk] of messages.entries()) {
    const message = {
      v: 1,
      deploymentId: `d-${n}`,
      junk: typeof junk === 'bigint' || typeof junk === 'symbol' ? null : junk,
    };
    await queue.enqueue(
      JSON.parse(JSON.stringify(message, (_, part) => (typeof part === 'bigint' ? 1 : part))) as never,
    )();
  }
  const consuming = queue.consume({ concurrency: 4, signal: abort.signal }, async (message) => {
    handled.push(message);
    if (handled.length === messages.length) abort.abort();
  })();
  expect(await consuming).toEqual({ _tag: 'Right', right: undefined });
  expect(handled).toHaveLength(messages.length);
});
