import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { messagesOf } from '../src/api/messages.ts';

const all = async (answer: unknown) => {
  const messages = [];
  for await (const message of messagesOf(answer)) messages.push(message);
  return messages;
};

const read = (chunks: readonly string[]) => all(Readable.from(chunks.map((text) => Buffer.from(text))));

test('messages are one a line, however they are cut', async () => {
  expect(await read(['{"id":"a"}\n{"er', 'ror":"b"}\r\n', '\n{"aux":1}'])).toEqual([
    { id: 'a' },
    { error: 'b' },
    { aux: 1 },
  ]);
});

test('what is none of these is not passed on as one', async () => {
  expect(await read(['{"id":7,"error":null}\n3\n'])).toEqual([{}]);
  await expect(read(['{"id":\n'])).rejects.toThrow();
});

test('what cannot be read is told', async () => {
  await expect(all(null)).rejects.toThrow('no answer');
});
