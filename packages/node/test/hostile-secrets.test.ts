/** References that are no names of secrets. None may show one, or be repeated at length. */
import { inspect } from 'node:util';
import { environmentSecrets } from '@recourse/node';
import { left } from '@recourse/testing';
import { expect, test } from 'vitest';

const variables = { PIN: 'hunter2', 'a b': 'hunter2' };
const secrets = environmentSecrets({ variables, fingerprintKey: 'a key of this test only' });

const references = [
  '',
  ' ',
  'pin',
  'PIN ',
  'PIN\n',
  'PIN\0',
  'PIN=hunter',
  '$PIN',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what a shell would take for the variable
  '${PIN}',
  '../PIN',
  'PIN;echo',
  '*',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'PIN\u200b',
  'ＰＩＮ',
  '\ud800',
  'x'.repeat(10_240),
  'x'.repeat(1_000_000),
];

test.each(references.map((reference) => [JSON.stringify(reference).slice(0, 60), reference] as const))(
  '%s names no secret',
  async (_name, reference) => {
    const error = await left(secrets.read(reference));
    expect(error).toMatchObject({ kind: 'permanent', code: 'secrets/not-found' });
    expect(error.message.length).toBeLessThan(400);
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);
