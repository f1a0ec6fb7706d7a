/** What HAProxy answers, over what is wrong, nearly right, and far too much. */
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openTable, pointCommand, readOpen, readPoint, readWhere } from '../src/requests.ts';

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
const right = { id: 'i-1', address: { host: '127.0.0.1', port: 80 } };
const number = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom('0', '-1', '9'.repeat(40), '1e9', '', '007', '9007199254740993'),
);
const word = fc.oneof(
  fc.constantFrom(
    'none',
    'ok',
    'stale ',
    'stale 7',
    'route ',
    `# table: ${openTable},`,
    'conn_cur=',
    'conn_cur=3',
    ' ',
    '\n',
    '|',
    '\0',
    'Unknown command',
  ),
  number,
  some
    .spoiled(fc.constant(right))
    .map((value) =>
      encoded(JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? 1 : part)) ?? '0')),
    ),
  fc.constant(encoded(right)),
);
const answer = fc.oneof(
  fc.array(word, { maxLength: 8 }).map((parts) => parts.join('')),
  fc.tuple(number, word).map(([fence, route]) => `route ${fence}|${route}\n`),
  fc.string({ unit: 'binary' }),
);

const check = (text: string) => {
  for (const read of [readPoint(text), readWhere(text), readOpen(text)]) {
    if (read._tag === 'Left') expect(read.left.length).toBeLessThanOrEqual(200);
  }
  const where = readWhere(text);
  if (where._tag === 'Right' && where.right !== null) expect(where.right.fence).toBeGreaterThan(0);
  const open = readOpen(text);
  if (open._tag === 'Right') expect(open.right).toBeGreaterThanOrEqual(0);
};

test('an answer is understood, or told in few words: none is taken for another', () => {
  fc.assert(fc.property(answer, check), { numRuns: 5_000 });
  for (const text of some.large)
    if (typeof text === 'string')
      for (const before of ['', 'route 1|', 'stale ', 'ok ', `# table: ${openTable}, conn_cur=`]) check(before + text);
});

test('a route comes back as it was pointed', () => {
  fc.assert(
    fc.property(some.environmentId, some.fence, fc.option(some.instance), (environment, fence, upstream) => {
      const said = pointCommand(environment, { fence, upstream }, '127.0.0.1')?.split(' ').at(-1);
      expect(readWhere(`route ${fence}|${said}\n\n`)).toEqual({ _tag: 'Right', right: { fence, upstream } });
    }),
  );
});
