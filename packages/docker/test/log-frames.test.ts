import { expect, test } from 'vitest';
import { lastLines } from '../src/log-frames.ts';

const frame = (stream: number, text: string) => {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

test('lines of both streams, in the order in which they ended', () => {
  const frames = Buffer.concat([frame(1, 'one\n'), frame(2, 'half'), frame(1, 'two\n'), frame(2, ' done\n')]);
  expect(lastLines(frames, 10)).toEqual(['one', 'two', 'half done']);
  expect(lastLines(frames, 2)).toEqual(['two', 'half done']);
  expect(lastLines(frames, 0)).toEqual([]);
});

test('what is not ended is told as well, and what is cut off does not harm', () => {
  expect(lastLines(frame(1, 'one\nlast words'), 10)).toEqual(['one', 'last words']);
  expect(lastLines(Buffer.concat([frame(1, 'one\n'), Buffer.from([1, 0, 0])]), 10)).toEqual(['one']);
  expect(lastLines(Buffer.alloc(0), 10)).toEqual([]);
});
