import { existsSync } from 'node:fs';
import { EnvironmentId } from '@recourse/core';
import { environmentByHost, haproxyConfig, luaFile, onlyEnvironment } from '@recourse/haproxy';
import { describe, expect, test } from 'vitest';

const place = { bind: '*:80', socketPath: '/run/recourse/h.sock', routesFile: '/var/lib/recourse/routes.map' };

describe('haproxyConfig', () => {
  test('names the socket, the routes, the Lua file and the address', () => {
    const lines = haproxyConfig(place)
      .split('\n')
      .map((line) => line.trim());
    expect(lines).toContain('stats socket /run/recourse/h.sock mode 600 level operator');
    expect(lines).toContain('setenv RECOURSE_ROUTES /var/lib/recourse/routes.map');
    expect(lines).toContain('setenv RECOURSE_REMEMBER yes');
    expect(lines).toContain(`lua-load ${luaFile}`);
    expect(lines).toContain('bind *:80');
    expect(lines).toContain('timeout server 60000ms');
  });

  test('ships the Lua file that it names', () => {
    expect(existsSync(luaFile)).toBe(true);
  });

  test('follows its options', () => {
    const config = haproxyConfig({
      ...place,
      remember: false,
      environment: environmentByHost('/etc/recourse/hosts.map'),
      limits: { answerMs: 5 },
      luaFile: '/opt/recourse.lua',
    });
    expect(config).toContain('setenv RECOURSE_REMEMBER no\n');
    expect(config).toContain(
      'set-var(txn.environment) req.hdr(host),host_only,lower,map_str(/etc/recourse/hosts.map)\n',
    );
    expect(config).toContain('timeout server 5ms\n');
    expect(config).toContain('lua-load /opt/recourse.lua\n');
    expect(haproxyConfig({ ...place, environment: onlyEnvironment(EnvironmentId.parse('shop')) })).toContain(
      'set-var(txn.environment) str(shop)\n',
    );
  });

  test('believes what a client says of itself only behind a trusted proxy', () => {
    expect(haproxyConfig(place)).toContain('del-header x-forwarded-for');
    expect(haproxyConfig({ ...place, trustForwarded: true })).not.toContain('del-header x-forwarded-for');
  });

  test.each(['/a b', '/a\n    stats socket /tmp/x level admin', '/a"b', "/a'b", '/a#b', '/$HOME', '/a\\b', ''])(
    'refuses the path %j',
    (path) => {
      expect(() => haproxyConfig({ ...place, socketPath: path })).toThrow(RangeError);
      expect(() => haproxyConfig({ ...place, routesFile: path })).toThrow(RangeError);
      expect(() => haproxyConfig({ ...place, luaFile: path })).toThrow(RangeError);
      expect(() => environmentByHost(path)).toThrow(RangeError);
    },
  );

  test('refuses a second line where one is meant', () => {
    expect(() => haproxyConfig({ ...place, bind: '*:80\n    bind *:81' })).toThrow(RangeError);
    expect(() => haproxyConfig({ ...place, environment: 'str(a)\r\nbackend x' })).toThrow(RangeError);
  });
});
