/** What the engine says and what a project brings, over what is wrong, nearly right, and far too much. */
import { Readable } from 'node:stream';
import { Digest, type Image, TreePath } from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { type EngineMessage, messagesOf } from '../src/api/messages.ts';
import { followBuild } from '../src/build-output.ts';
import { dockerfileContext, wantedForDockerfile } from '../src/context.ts';
import { namedFrontends } from '../src/dockerfile.ts';
import { addressOf, containerOwner } from '../src/labels.ts';
import { lastLines } from '../src/log-frames.ts';
import { plainText } from '../src/plain-text.ts';
import { formatReference, parseReference } from '../src/reference.ts';
import { buildQuery, containerRequest } from '../src/requests.ts';
import { decodeTrace } from '../src/trace.ts';
import { keepTree } from '../src/tree-file.ts';
import { buildOrder, never, runSpec, startOrder } from './orders.ts';

const texts = some.large.filter((value): value is string => typeof value === 'string');
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Tags, lengths and wire types of Protocol Buffers, in any order.
  fc
    .array(fc.constantFrom(0x0a, 0x1a, 0x0b, 0x0c, 0x22, 0x2a, 0x32, 0x38, 0x7f, 0x80, 0xff, 0x00, 0x01, 0x05), {
      maxLength: 60,
    })
    .map((all) => Uint8Array.from(all)),
);

describe('what BuildKit says', () => {
  test('is decoded or left out, and ends no build', () => {
    const follow = (base64: string) => {
      const build = followBuild(() => {});
      build.onMessage({ id: 'moby.buildkit.trace', aux: base64 });
      expect(build.result()).toEqual({ imageId: null, error: null });
      for (const line of build.lastLines()) expect(line.length).toBeLessThanOrEqual(500);
      const { steps, output } = decodeTrace(base64);
      expect(steps.length + output.length).toBeLessThanOrEqual(base64.length);
    };
    fc.assert(
      fc.property(bytes, (all) => follow(Buffer.from(all).toString('base64'))),
      { numRuns: 3_000 },
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), follow));
    for (const text of texts) follow(text);
    // Groups in groups, and a message that says it is longer than it is.
    for (const byte of [0x0b, 0x0a, 0x1a, 0x80]) follow(Buffer.alloc(1_000_000, byte).toString('base64'));
  });

  test('comes in lines that may be anything', async () => {
    const line = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '[]', 'null', '{"error":1}', '{"aux":{"ID":1}}'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), async (lines) => {
        const messages: EngineMessage[] = [];
        const read = async () => {
          for await (const message of messagesOf(Readable.from([Buffer.from(lines.join('\n'))])))
            messages.push(message);
        };
        await read().catch((error: unknown) => expect(error).toBeInstanceOf(SyntaxError));
        const build = followBuild(() => {});
        for (const message of messages) build.onMessage(message);
        for (const { error, id } of messages)
          expect([typeof error, typeof id].join()).toMatch(/^(?:string|undefined),(?:string|undefined)$/);
      }),
      { numRuns: 500 },
    );
  });
});

test("a container's output is framed by whoever likes: lines come of it, never more than were asked for", () => {
  const frame = fc
    .tuple(fc.nat({ max: 255 }), fc.nat({ max: 2 ** 32 - 1 }), fc.uint8Array({ maxLength: 20 }))
    .map(([stream, length, all]) => {
      const header = Buffer.alloc(8);
      header.writeUInt8(stream, 0);
      header.writeUInt32BE(length % 40 === 0 ? length : all.length, 4);
      return Buffer.concat([header, all]);
    });
  const look = (frames: Buffer, count: number) => {
    const lines = lastLines(frames, count);
    expect(lines.length).toBeLessThanOrEqual(count);
    expect(lines.join('').length).toBeLessThanOrEqual(frames.length);
  };
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 9 }), fc.nat({ max: 30 }), (all, count) =>
      look(Buffer.concat(all), count),
    ),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(fc.uint8Array(), (all) => look(Buffer.from(all), 10)));
  for (const byte of [0x00, 0x01, 0x0a, 0xff]) look(Buffer.alloc(1_000_000, byte), 20);
});

test('a reference is none, or comes back as the same', () => {
  const parts = fc.constantFrom(
    'a',
    'A',
    '9',
    '/',
    ':',
    '@',
    '.',
    '_',
    '-',
    '__',
    'sha256:',
    'localhost',
    ':5000',
    'f'.repeat(64),
    '..',
    '?',
    '%',
    ' ',
  );
  const check = (text: string) => {
    const reference = parseReference(text);
    if (reference === null) return;
    const formatted = formatReference(reference);
    expect(parseReference(formatted)).toEqual(reference);
    expect(formatted).toMatch(/^[\w.:/@-]+$/);
    expect(reference.repository).not.toMatch(/(?:^|\/)\.{1,2}(?:\/|$)|\/\/|^[./-]/);
  };
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 9 }), (all) => check(all.join(''))),
    { numRuns: 5_000 },
  );
  fc.assert(fc.property(some.hostileText, check));
  for (const text of texts) check(text);
});

test('a Dockerfile may be anything: the frontends that it names are found in bounded time', () => {
  const pieces = fc.constantFrom(
    '#',
    ' ',
    'syntax',
    '=',
    'evil/x',
    '\n',
    '\r',
    '//',
    '#!',
    '{',
    '"',
    '"syntax"',
    ':',
    '\uFEFF',
    'FROM scratch',
    'SYNTAX',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 14 }), (all) => {
      const named = namedFrontends(all.join(''));
      for (const name of named) expect(all.join('')).toContain(name);
    }),
    { numRuns: 3_000 },
  );
  for (const text of texts)
    for (const before of ['', '# syntax', '# syntax=', '{', '{"syntax":', '#\n']) namedFrontends(before + text);
  expect(namedFrontends(`${'#\n'.repeat(100_000)}# syntax=evil/x`)).toEqual(['evil/x']);
});

test('labels may be anything: they are of nobody, or of somebody whole', () => {
  const key = fc.constantFrom(
    'recourse.key',
    'recourse.deployment',
    'recourse.environment',
    'recourse.digest',
    'recourse.address',
    '__proto__',
  );
  const value = fc.oneof(fc.constantFrom('d-1', `sha256:${'a'.repeat(64)}`, '10.0.0.1 80', ''), fc.string());
  fc.assert(
    fc.property(fc.dictionary(key, value), (labels) => {
      const owner = containerOwner(labels);
      if (owner !== null) expect(Object.values(owner).every((part) => /^[a-z0-9][a-z0-9._:-]*$/.test(part))).toBe(true);
      const address = addressOf(labels);
      if (address !== null) expect(address.port).toBeGreaterThan(0);
    }),
    { numRuns: 2_000 },
  );
});

test('whatever a project or a user says, no power is asked for', () => {
  const image: Image = { name: 'x', digest: Digest.parse(`sha256:${'a'.repeat(64)}`), pullable: null };
  const policy = { capabilities: [], pidsMax: 64 } as const;
  const placement = { ExposedPorts: {}, HostConfig: { NetworkMode: 'recourse' } };
  const variables = fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('Privileged', 'HostConfig', '__proto__')),
    some.hostileText,
  );
  fc.assert(
    fc.property(variables, some.buildInputs, some.runSpec, (given, inputs, run) => {
      const order = startOrder(image, inputs, { variables: given, run: runSpec(run) });
      const request = containerRequest(order, policy, { host: '10.0.0.1', port: 80 }, placement);
      expect(request.HostConfig).toMatchObject({
        Privileged: false,
        CapDrop: ['ALL'],
        CapAdd: [],
        SecurityOpt: ['no-new-privileges'],
        NetworkMode: 'recourse',
      });
      const known = [
        'Privileged',
        'CapDrop',
        'CapAdd',
        'SecurityOpt',
        'Init',
        'PidsLimit',
        'Memory',
        'MemorySwap',
        'NanoCpus',
        'NetworkMode',
        'RestartPolicy',
        'LogConfig',
      ];
      expect(Object.keys(request.HostConfig).filter((key) => !known.includes(key))).toEqual([]);
      const query = buildQuery(buildOrder(inputs), { network: 'none' }, 'Dockerfile', 'a-1');
      expect(Object.keys(query).sort()).toEqual(['buildid', 'dockerfile', 'labels', 'networkmode', 'version']);
    }),
  );
});

test('any text becomes one short line', () => {
  const check = (text: string) => {
    const line = plainText(text, 100);
    expect(line.length).toBeLessThanOrEqual(100);
    expect(line).not.toMatch(/\p{Cc}|\p{Cs}/u);
  };
  fc.assert(fc.property(some.hostileText, check), { numRuns: 1_000 });
  for (const text of [...texts, '\u001b[31m'.repeat(100_000)]) check(text);
});

test('a tar that is spoiled anywhere is refused, broken, or a tree: nothing else, and never without end', async () => {
  const made = pack();
  made.entry({ name: 'Dockerfile' }, 'FROM scratch\n');
  made.entry({ name: 'a/b', pax: { comment: 'x' } }, 'y'.repeat(600));
  made.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of made) chunks.push(Buffer.from(chunk as Uint8Array));
  const tar = Buffer.concat(chunks);
  async function* spoiled(at: number, by: Uint8Array): AsyncGenerator<Uint8Array> {
    const copy = Buffer.from(tar);
    copy.set(by.subarray(0, copy.length - at), at);
    yield copy;
  }
  let trees = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: tar.length - 1 }),
      fc.uint8Array({ minLength: 1, maxLength: 16 }),
      async (at, by) => {
        const path = TreePath.parse('Dockerfile');
        const limits = { bytesMax: 1 << 20, signal: never() };
        const kept = await keepTree(spoiled(at, by), wantedForDockerfile(path), limits).catch(
          (error: unknown) => error,
        );
        if (kept instanceof Error) return;
        trees += 1;
        const tree = kept as Awaited<ReturnType<typeof keepTree>>;
        try {
          dockerfileContext(tree, path, []);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        } finally {
          await tree.close();
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(trees).toBeGreaterThan(20);
}, 60_000);
