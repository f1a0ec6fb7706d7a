/** How a wrong field is told: by its name, with what was given there, in words for people, and without a secret. */
import { type Rejection, renderRejection } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { parseDeploy, parseDeploymentId, parseRollback } from '../src/input.ts';
import { deployOf } from './support/orders.ts';

const secret = 'hunter2';

const told = (parsed: E.Either<Rejection, unknown>): Rejection => {
  if (E.isRight(parsed)) throw new Error('it was taken');
  return parsed.left;
};
const order = (over: object) => told(parseDeploy({ ...deployOf('v1'), ...over }));
const git = (over: object) => ({
  source: { kind: 'git', repository: 'https://git.example/shop', ref: 'main', ...over },
});

describe('what was given is shown', () => {
  test.each<[string, unknown, string]>([
    ['a text', 'a b@c?d', '"a b@c?d"'],
    ['a number', 7, '7'],
    ['nothing', undefined, 'nothing'],
    ['null', null, 'null'],
    ['a list', ['shop'], 'a list'],
    ['an object', { secret }, 'an object'],
    ['a function', () => secret, 'a function'],
    ['a symbol', Symbol('shop'), 'Symbol(shop)'],
    ['a long text', 'x y'.repeat(100), `"${'x y'.repeat(26)}x… (302 characters)`],
  ])('%s', (_, environment, value) => {
    expect(order({ environment })).toMatchObject({ code: 'InvalidInput', field: 'environment', value });
  });

  test('as a whole, if it is no order at all', () => {
    expect(told(parseDeploy('shop'))).toEqual({
      code: 'InvalidInput',
      field: 'the input',
      value: '"shop"',
      problem: 'must be object',
    });
    for (const [given, value] of [
      ['plan', '"plan"'],
      [null, 'null'],
      [undefined, 'nothing'],
    ] as const)
      expect(told(parseRollback(given))).toMatchObject({ field: 'the input', value, problem: 'must be object' });
    expect(told(parseDeploymentId(7))).toMatchObject({ field: 'the input', value: '7', problem: 'must be string' });
  });

  test('by its way, if it is within something', () => {
    expect(order(git({ commit: 'main?x@y' }))).toMatchObject({ field: 'source.commit', value: '"main?x@y"' });
    expect(order({ config: 7 })).toMatchObject({ field: 'config', value: '7', problem: 'must be object' });
  });
});

describe('what must be is said', () => {
  test.each<[string, object, string]>([
    ['a kind of value', { actor: 7 }, 'must be string'],
    ['one of some', { trigger: 'cron' }, 'Invalid option: expected one of "push"|"api"|"schedule"|"redeploy"'],
  ])('%s', (_, over, problem) => {
    expect(order(over)).toMatchObject({ problem });
  });

  test('in a sentence that names the field and shows the value', () => {
    const { message } = renderRejection(order({ actor: 7 }));
    expect(message).toContain('actor');
    expect(message).toContain('must be string');
  });
});

describe('a secret is not repeated', () => {
  test('from the configuration, whatever is wrong there', () => {
    for (const config of [{ variables: { TOKEN: 7 } }, { secrets: { TOKEN: secret } }, { variables: secret }])
      expect(order({ config })).toMatchObject({ value: 'a value that is not repeated here' });
  });

  test('from a name that was meant to be a name and a value', () => {
    const { field } = order({ config: { variables: { [`TOKEN=${secret}\n=`]: 7 } } }) as { field: string };
    expect(field).toBe('config.variables.TOKEN=…');
  });

  test.each([
    [`https://ada:${secret}@git.example/a b`, '"[redacted]@git.example/a b"'],
    [`https://git.example/a b?token=${secret}\n#x`, '"https://git.example/a b?[redacted]"'],
    [`https://git.example/a b#${secret}`, '"https://git.example/a b?[redacted]"'],
  ])('from a place %j', (place, value) => {
    expect(order(git({ repository: place }))).toMatchObject({ field: 'source.repository', value });
    const source = { kind: 'image', reference: place };
    expect(order({ source })).toMatchObject({ field: 'source.reference', value });
  });

  test('from what cannot even be read', () => {
    const throwing = {
      get environment(): never {
        throw new Error(secret);
      },
    };
    const unreadable = { code: 'InvalidInput', field: 'the input', value: 'an object' };
    expect(told(parseDeploy(throwing))).toEqual({ ...unreadable, problem: 'cannot be read' });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(told(parseRollback(proxy))).toEqual({ ...unreadable, problem: 'is not plain data: to read it throws' });
  });
});
