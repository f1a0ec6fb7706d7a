/** Health paths and references, over what is wrong, nearly right, and far too much. */
import { environmentSecrets } from '@recourse/node';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestTo } from '../src/http-health-probe.ts';

const address = { host: '127.0.0.1', port: 80 };

test('a path makes no request, or one line of one request to that very address', () => {
  const piece = fc.constantFrom(
    '/',
    '//',
    'a',
    '\r\n',
    ' ',
    '\t',
    '\0',
    '@',
    ':',
    '?',
    '#',
    '%0d',
    'é',
    '😀',
    '\ud800',
    'http://',
    '\u2028',
  );
  const check = (path: string) => {
    const request = requestTo(address, path);
    if (request === null) return;
    expect(request).toMatchObject({ ...address, method: 'GET' });
    expect(request.path).toMatch(/^\/[\x21-\x7e]*$/);
    expect(decodeURI(request.path?.replaceAll('%', '%25') ?? '')).toBe(request.path);
  };
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
        some.hostileText,
      ),
      check,
    ),
    { numRuns: 5_000 },
  );
  for (const text of some.large) if (typeof text === 'string') for (const before of ['', '/']) check(before + text);
});

test('a reference finds the variable of that very name, or nothing', async () => {
  const variables: Record<string, string> = { PIN: 'hunter2', '': 'hunter2' };
  const secrets = environmentSecrets({ variables, fingerprintKey: 'a key of this test only' });
  const reference = fc.oneof(
    fc.constantFrom('PIN', '', 'pin', '__proto__', 'constructor'),
    fc.string(),
    some.hostileText,
  );
  await fc.assert(
    fc.asyncProperty(reference, async (name) => {
      const read = await secrets.read(name)();
      expect(read._tag === 'Right').toBe(name === 'PIN' || name === '');
      if (read._tag === 'Left') expect(read.left.message.length).toBeLessThan(800);
    }),
    { numRuns: 1_000 },
  );
});
