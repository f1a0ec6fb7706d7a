import { inspect } from 'node:util';
import { environmentSecrets } from '@recourse/node';
import { right, secretsConformance } from '@recourse/testing';
import { describe, expect, test } from 'vitest';

const fingerprintKey = 'a key of this test only';

secretsConformance('environmentSecrets', async () => {
  const values: Record<string, string> = {};
  let connected = true;
  // What a platform may pass that is not a plain record: a view of some other place, which can fail.
  const variables = new Proxy(values, {
    getOwnPropertyDescriptor: (target, name) => {
      if (!connected) throw new Error('the place is gone');
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
  const secrets = () => environmentSecrets({ variables, fingerprintKey });
  return {
    secrets: secrets(),
    anotherWorker: secrets,
    put: async (reference, value) => void Object.assign(values, { [reference]: value }),
    remove: async (reference) => void delete values[reference],
    disconnect: async () => {
      connected = false;
    },
    close: async () => {},
  };
});

describe('environmentSecrets', () => {
  test('gives another fingerprint under another key', async () => {
    const variables = { PIN: '1234' };
    const one = environmentSecrets({ variables, fingerprintKey });
    const two = environmentSecrets({ variables, fingerprintKey: `${fingerprintKey}!` });
    expect((await right(one.read('PIN'))).fingerprint).not.toBe((await right(two.read('PIN'))).fingerprint);
  });

  test('wants a key that cannot be guessed', () => {
    expect(() => environmentSecrets({ variables: {}, fingerprintKey: 'short' })).toThrow(RangeError);
  });

  test('shows neither values nor key to whoever prints it', () => {
    const secrets = environmentSecrets({ variables: { PIN: 'canary' }, fingerprintKey });
    expect(inspect(secrets, { depth: 10, showHidden: true })).not.toMatch(/canary|a key of this test/);
  });
});
