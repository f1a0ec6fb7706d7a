/** What only a client that is made up shows: an answer at a moment of one's choice, and the words of the other client. */
import { Readable } from 'node:stream';
import { left, right } from '@recourse/testing';
import { describe, expect, test, vi } from 'vitest';
import { typedError } from '../src/failure.ts';
import { type EventStoreClient, openEventStoreDB } from '../src/index.ts';
import { someEvent } from './doubled.ts';

async function* nothing() {}

/** Answers nothing but that nothing is there, as KurrentDB's client would: by a generator. */
const client = (answers: Partial<EventStoreClient>): EventStoreClient => ({
  appendToStream: () => Promise.reject(typedError('unavailable', 'not made up')),
  readStream: nothing,
  readAll: nothing,
  subscribeToAll: () => {
    throw typedError('unavailable', 'not made up');
  },
  setStreamMetadata: () => Promise.reject(typedError('unavailable', 'not made up')),
  dispose: async () => {},
  ...answers,
});

describe('the client', () => {
  test('may tell of an error when nobody reads any more', async () => {
    const reading = Object.assign(new Readable({ objectMode: true, read: () => {} }), { cancel: async () => {} });
    const made = client({ readStream: () => reading });
    const { store } = await right(openEventStoreDB({ server: { client: made }, timeoutMs: 20 }));
    expect(await left(store.read({ stream: 'deployment-1' }))).toMatchObject({ code: 'store/unavailable' });
    expect(() => reading.emit('error', new Error('the connection dropped'))).not.toThrow();
  });

  test('is asked fifty things at once, and the rest when it has answered', async () => {
    const answer = Promise.withResolvers<void>();
    const readStream = vi.fn(async function* () {
      await answer.promise;
      yield* nothing();
    });
    const { store } = await right(openEventStoreDB({ server: { client: client({ readStream }) } }));
    const reads = Array.from({ length: 120 }, () => right(store.read({ stream: 'deployment-1', limit: 1 })));
    await vi.waitFor(() => expect(readStream).toHaveBeenCalledTimes(50));
    answer.resolve();
    await Promise.all(reads);
    expect(readStream).toHaveBeenCalledTimes(120);
  });

  test("may be KurrentDB's: what is expected and what was there is said in its words as well", async () => {
    const refusal = Object.assign(typedError('wrong-expected-version', ''), { actualState: 4n });
    const appendToStream = vi.fn<EventStoreClient['appendToStream']>(() => Promise.reject(refusal));
    const { store } = await right(openEventStoreDB({ server: { client: client({ appendToStream }) } }));
    const append = store.append({ stream: 'deployment-1', expected: 2, events: [someEvent()] });
    expect(await left(append)).toMatchObject({ code: 'store/wrong-expected-version', actual: 4 });
    expect(appendToStream.mock.calls[0]?.[2]).toMatchObject({ expectedRevision: 2n, streamState: 2n });
  });

  test('that refuses and shows nothing new is not asked for ever', async () => {
    const refusal = typedError('wrong-expected-version', '');
    const appendToStream = vi.fn<EventStoreClient['appendToStream']>(() => Promise.reject(refusal));
    const { store } = await right(openEventStoreDB({ server: { client: client({ appendToStream }) } }));
    const append = store.append({ stream: 'deployment-1', expected: 'any', events: [someEvent()] });
    expect(await left(append)).toMatchObject({ kind: 'transient', code: 'store/unavailable' });
    expect(appendToStream).toHaveBeenCalledTimes(20);
  });

  test('that says it appended, and then has it not, is not believed', async () => {
    const appendToStream = async () => ({ success: true, nextExpectedRevision: 0n });
    const { store } = await right(openEventStoreDB({ server: { client: client({ appendToStream }) } }));
    const append = store.append({ stream: 'deployment-1', expected: 'no-stream', events: [someEvent()] });
    expect(await left(append)).toMatchObject({ kind: 'transient', code: 'store/unavailable' });
  });
});
