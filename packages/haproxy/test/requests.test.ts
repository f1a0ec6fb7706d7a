import { EnvironmentId, type Fence, Instance, InstanceId } from '@recourse/core';
import { haproxyRouter } from '@recourse/haproxy';
import { left } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCommand, pointCommand, readOpen, readPoint, readWhere, whereCommand } from '../src/requests.ts';

/** Past the brand, as a bug or an attacker would. */
const environment = (text: string) => text as EnvironmentId;
const instance = (id: string, host = '10.0.0.7') => ({ id, address: { host, port: 8080 } }) as Instance;
const fence = (value: number) => value as Fence;

const shop = EnvironmentId.parse('shop');
const plain = /^[a-zA-Z0-9 ._|:-]+$/;

describe('a command', () => {
  test('says what is asked, in words that mean one thing', () => {
    const route = { upstream: instance('web-1'), fence: fence(7) };
    expect(pointCommand(shop, route, '10.0.0.7')).toMatch(
      /^recourse point shop 7 [0-9a-f]{32}\|10\.0\.0\.7\|8080 [\w-]+$/,
    );
    expect(pointCommand(shop, { upstream: null, fence: fence(8) }, '-')).toBe('recourse point shop 8 -|-|- bnVsbA');
    expect(whereCommand(shop)).toBe('recourse where shop');
    expect(openCommand(shop, InstanceId.parse('web-1'))).toMatch(/^show table recourse_open key [0-9a-f]{32}$/);
  });

  test('carries whatever an instance is called without its meaning anything', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(anything, anything, (id, host) => {
        const command = pointCommand(shop, { upstream: instance(id, host), fence: fence(1) }, '10.0.0.7') ?? '';
        expect(command).toMatch(plain);
        expect(command.split(' ')).toHaveLength(6);
        expect(openCommand(shop, instance(id).id)).toMatch(plain);
      }),
    );
  });

  test.each(['', 'a b', 'a;show info', 'a\nshow info', 'a\\;b', '../a', 'A', 'a|b', '-', '#a', '"a"', 'a\0', 'é'])(
    'is not made for an environment called %j',
    async (name) => {
      expect(pointCommand(environment(name), { upstream: null, fence: fence(1) }, '-')).toBeUndefined();
      expect(whereCommand(environment(name))).toBeUndefined();
      const router = haproxyRouter({ socketPath: '/nonexistent/h.sock' });
      const invalid = { kind: 'permanent', code: 'router/invalid-name' };
      expect(await left(router.where(environment(name)))).toMatchObject(invalid);
      expect(await left(router.point(environment(name), { upstream: null, fence: fence(1) }))).toMatchObject(invalid);
    },
  );

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e21])(
    'is not made for the fence %d',
    (value) => {
      expect(pointCommand(shop, { upstream: null, fence: fence(value) }, '-')).toBeUndefined();
    },
  );

  test('never counts two instances, or the same name in two environments, as one', () => {
    const ids = ['a', 'b', '\ud800', '\ud801', '\ufffd', '["a"', ''];
    const commands = ids.flatMap((id) => [
      openCommand(shop, instance(id).id),
      openCommand(environment('blog'), instance(id).id),
    ]);
    expect(new Set(commands).size).toBe(commands.length);
  });
});

describe('an answer', () => {
  test('that says where traffic goes gives the very route that was pointed', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{1,255}$/), fc.integer({ min: 1 }), (id, value) => {
        const upstream = Instance.parse(instance(id));
        const sent = pointCommand(shop, { upstream, fence: fence(value) }, '10.0.0.7')
          ?.split(' ')
          .at(-1);
        expect(readWhere(`route ${value}|${sent}\n\n`)).toEqual({ _tag: 'Right', right: { upstream, fence: value } });
      }),
    );
  });

  test('that is understood', () => {
    expect(readPoint('ok\n\n')).toMatchObject({ right: { said: 'ok' } });
    expect(readPoint('stale 12\n\n')).toMatchObject({ right: { said: 'stale', held: '12' } });
    expect(readWhere('none\n\n')).toMatchObject({ right: null });
    expect(readOpen('\n')).toMatchObject({ right: 0 });
    const entry = '0x55: key=ab use=3 exp=3599874 conn_cur=3\n\n';
    expect(readOpen(`# table: recourse_open, type: string, size:102400, used:1\n${entry}`)).toMatchObject({ right: 3 });
  });

  test.each([
    '',
    'Unknown command: "recourse"\n',
    'Permission denied\n\n',
    'No such table\n\n',
    'error disk full\n\n',
    'route 1|!!\n\n',
    'route 1|e30\n\n',
    '# table: recourse_open, type: string\n0x1: key=a use=1\n\n',
    '# table: other, type: string\n0x1: conn_cur=0 \n\n',
  ])('that is not understood is never taken for "none": %j', (answer) => {
    for (const read of [readPoint, readWhere, readOpen]) expect(read(answer)._tag).toBe('Left');
  });
});
