/** What every Secrets owes. */
import { createHash, randomUUID } from 'node:crypto';
import { SecretReference, type Secrets } from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { left, right } from './outcome.ts';

/** One adapter under test, and the hands that reach around it. */
export type SecretsUnderTest = Readonly<{
  secrets: Secrets;
  /** The same place through an adapter of its own, as another worker has it. */
  anotherWorker: () => Secrets;
  put: (reference: string, value: string) => Promise<void>;
  remove: (reference: string) => Promise<void>;
  /** Makes the place where the values are unreachable until `close`. */
  disconnect: () => Promise<void>;
  close: () => Promise<void>;
}>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const secretsConformance = (adapter: string, open: () => Promise<SecretsUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };

  describe(`${adapter} as Secrets`, { timeout: 60_000 }, () => {
    test.each(['plain', '', ' spaces ', 'line\nbreak', 'ünïcödé 🔑'])('reads the very value %j', async (value) => {
      const { secrets, put } = await fresh();
      await put('DATABASE_PASSWORD', value);
      expect((await right(secrets.read('DATABASE_PASSWORD'))).value).toBe(value);
    });

    test('reads the value of now', async () => {
      const { secrets, put, remove } = await fresh();
      await put('TOKEN', 'old');
      await right(secrets.read('TOKEN'));
      await put('TOKEN', 'new');
      expect((await right(secrets.read('TOKEN'))).value).toBe('new');
      await remove('TOKEN');
      expect(await left(secrets.read('TOKEN'))).toMatchObject(notFound);
    });

    test.each(['NOT_THERE', '__proto__', 'constructor', 'toString', 'a\nb', '../x'])(
      'does not find %j',
      async (name) => {
        const { secrets, put } = await fresh();
        await put('TOKEN', 'canary-value');
        const error = await left(secrets.read(name));
        expect(error).toMatchObject(notFound);
        expect(error.message).not.toContain('canary-value');
      },
    );

    test('gives a fingerprint that changes when the value does, and only then', async () => {
      const { secrets, anotherWorker, put } = await fresh();
      const fingerprint = async (from: Secrets) => (await right(from.read('TOKEN'))).fingerprint;
      await put('TOKEN', 'one');
      const first = await fingerprint(secrets);
      expect(await fingerprint(secrets)).toBe(first);
      expect(await fingerprint(anotherWorker())).toBe(first);
      await put('TOKEN', 'two');
      expect(await fingerprint(secrets)).not.toBe(first);
      await put('TOKEN', 'one');
      expect(await fingerprint(secrets)).toBe(first);
    });

    test('gives a fingerprint that tells nothing about the value', async () => {
      const { secrets, put } = await fresh();
      const value = `1234-${randomUUID()}`;
      await put('ONE', value);
      await put('TWO', value);
      const one = (await right(secrets.read('ONE'))).fingerprint;
      const two = (await right(secrets.read('TWO'))).fingerprint;

      expect(SecretReference.safeParse({ reference: 'ONE', fingerprint: one }).success).toBe(true);
      expect(two).not.toBe(one);
      expect(one).not.toContain(value);
      for (const guess of unkeyed('ONE', value)) expect(guess.includes(one)).toBe(false);
    });

    test('gives fingerprints of one length, whatever the value', async () => {
      const { secrets, put } = await fresh();
      await put('SHORT', '1');
      await put('LONG', 'x'.repeat(10_000));
      const short = (await right(secrets.read('SHORT'))).fingerprint;
      const long = (await right(secrets.read('LONG'))).fingerprint;
      expect(long.length).toBe(short.length);
    });

    test('fails for now when it cannot look, and says no value', async () => {
      const { secrets, put, disconnect } = await fresh();
      await put('TOKEN', 'canary-value');
      await disconnect();
      const error = await left(secrets.read('TOKEN'));
      expect(error).toMatchObject({ kind: 'transient', code: 'secrets/unreachable' });
      expect(error.message).not.toContain('canary-value');
    });
  });
};

const notFound = { kind: 'permanent', code: 'secrets/not-found' };

/** What anybody could compute who guesses the value: none of it may be the fingerprint. */
const unkeyed = (reference: string, value: string): string[] => {
  const texts = [value, reference + value, `${reference}=${value}`, `${reference}:${value}`, `${reference}\0${value}`];
  texts.push(JSON.stringify([reference, value]));
  return texts.flatMap((text) =>
    (['hex', 'base64', 'base64url'] as const).flatMap((encoding) => [
      Buffer.from(text).toString(encoding),
      ...['md5', 'sha1', 'sha256', 'sha512'].map((hash) => createHash(hash).update(text).digest(encoding)),
    ]),
  );
};
