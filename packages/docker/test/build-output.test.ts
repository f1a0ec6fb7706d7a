import { expect, test } from 'vitest';
import { followBuild } from '../src/build-output.ts';

/** `moby.buildkit.v1.StatusResponse` with one log (field 3) of step `s` (1), stream 1 (3) and these bytes (4). */
const output = (bytes: Buffer) => {
  const field = (tag: number, content: Buffer) =>
    Buffer.concat([Buffer.from([(tag << 3) | 2]), varint(content.length), content]);
  const log = Buffer.concat([field(1, Buffer.from('s')), Buffer.from([(3 << 3) | 0, 1]), field(4, bytes)]);
  return { id: 'moby.buildkit.trace', aux: field(3, log).toString('base64') };
};

const varint = (value: number): Buffer =>
  value < 128 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 127) | 128]), varint(value >>> 7)]);

test('output that is cut anywhere becomes whole lines', () => {
  const lines: string[] = [];
  const build = followBuild(({ text }) => lines.push(text));
  for (const byte of Buffer.from('grüße\r\n10%\r20%\rand more\nlast words'))
    build.onMessage(output(Buffer.from([byte])));
  expect(lines).toEqual(['grüße', 'and more']);
  expect(build.lastLines()).toEqual(['grüße', 'and more', 'last words']);
});

test('of much output the last is kept, and watchers are told no more than they can read', () => {
  let told = 0;
  const build = followBuild(() => void told++);
  for (let i = 0; i < 2000; i++) build.onMessage(output(Buffer.from(`${i}\n`.repeat(50))));
  expect(build.lastLines()).toEqual(Array(20).fill('1999'));
  expect(told).toBeLessThan(10_000);
});

test('a line without an end is cut', () => {
  const build = followBuild(() => {});
  for (let i = 0; i < 1000; i++) build.onMessage(output(Buffer.alloc(10_000, 'x')));
  expect(build.lastLines().join('').length).toBeLessThan(20_000);
});

test.each(['\r', '\u001b]', '\u001b[', ' '])('a line of a megabyte of %j is shown in no time', (unit) => {
  const build = followBuild(() => {});
  build.onMessage(output(Buffer.from(`${unit.repeat(1_000_000 / unit.length)}x\n`)));
  expect(build.lastLines()).toHaveLength(1);
});

test('a watcher that throws does not make the build fail', () => {
  const build = followBuild(() => {
    throw new Error('the browser was closed');
  });
  build.onMessage(output(Buffer.from('one\n')));
  expect(build.lastLines()).toEqual(['one']);
});

test('the result is told by messages', () => {
  const build = followBuild(() => {});
  expect(build.result()).toEqual({ imageId: null, error: null });
  build.onMessage({ id: 'moby.image.id', aux: { ID: 'sha256:abc' } });
  build.onMessage({ error: 'no space left' });
  expect(build.result()).toEqual({ imageId: 'sha256:abc', error: 'no space left' });
});
