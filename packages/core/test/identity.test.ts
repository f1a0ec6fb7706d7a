import {
  Actor,
  Address,
  BuildInputs,
  CommitId,
  Config,
  DeploymentId,
  Digest,
  EnvironmentId,
  Fence,
  GitRef,
  ImageReference,
  InstanceId,
  Instant,
  RepositoryUrl,
  RunSpec,
  SecretReference,
  StepKey,
  Text,
  TreePath,
} from '@recourse/core';
import { describe, expect, test } from 'vitest';
import { workload } from './samples.ts';

type Schema = Readonly<{
  safeParse(
    value: unknown,
  ): Readonly<{ success: boolean; error?: { issues: readonly { message: string }[] } | undefined }>;
}>;

const ids = 'must be 1 to 63 of a-z';
const keys = 'must be 1 to 128 of a-z';
const digests = 'must be "sha256:" and 64 hexadecimal digits';
const commits = 'must be a full commit id';
const refs = 'must be a plain git ref name';
const urls = 'must be a URL without spaces';
const secret = 'must not carry credentials';
const paths = 'must be a relative path inside the source tree';
const references = 'must be an image reference';
const unicode = 'must be well-formed Unicode without NUL';
const hosts = 'must be a host name or an IP address';
const checks = 'must be a path that starts with one "/"';
const hex = (length: number) => 'a'.repeat(length);
const { path: HealthPath } = RunSpec.shape.health.shape;

/** A megabyte of what a careless expression chokes on. */
const flood = (text: string) => text.repeat(1_000_000 / text.length);

const refused: Readonly<Record<string, Readonly<{ schema: Schema; values: readonly (readonly [unknown, string])[] }>>> =
  {
    'a deployment id': {
      schema: DeploymentId,
      values: [
        ['', ids],
        ['D-1', ids],
        ['-rf', ids],
        ['--upload-pack=touch x', ids],
        ['.hidden', ids],
        ['..', ids],
        ['../d-1', ids],
        ['a/b', ids],
        ['a b', ids],
        ['a\n', ids],
        ['a\0', ids],
        ["a'b", ids],
        ['a"b', ids],
        ['a$(id)', ids],
        ['größe', ids],
        ['\ud800', ids],
        ['__proto__', ids],
        [hex(64), ids],
        [flood('a'), ids],
        [1, 'expected string'],
        [null, 'expected string'],
        [{ toString: () => 'd-1' }, 'expected string'],
      ],
    },
    'an environment id': {
      schema: EnvironmentId,
      values: [
        ['shop production', ids],
        ['shop/production', ids],
        ['shop\\production', ids],
        ['shop;drop', ids],
        ['ｓhop', ids],
        ['shop\u202e', ids],
      ],
    },
    'a step key': {
      schema: StepKey,
      values: [
        ['', keys],
        ['/etc', keys],
        ['d-1 build', keys],
        [hex(129), keys],
      ],
    },
    'a digest': {
      schema: Digest,
      values: [
        [hex(64), digests],
        [`sha256:${hex(63)}`, digests],
        [`sha256:${hex(65)}`, digests],
        [`sha256:${'A'.repeat(64)}`, digests],
        [`SHA256:${hex(64)}`, digests],
        [`sha512:${hex(64)}`, digests],
        [`sha256:${hex(64)}\n`, digests],
        [` sha256:${hex(64)}`, digests],
        ['shop:v1', digests],
      ],
    },
    'a commit': {
      schema: CommitId,
      values: [
        ['main', commits],
        ['HEAD', commits],
        [hex(7), commits],
        [hex(39), commits],
        [hex(41), commits],
        [hex(63), commits],
        ['A'.repeat(40), commits],
        [`${hex(40)}\n`, commits],
        [`--output=${hex(31)}`, commits],
        [`${hex(38)}^0`, commits],
      ],
    },
    'a ref': {
      schema: GitRef,
      values: [
        ['', 'must not be empty'],
        ['-f', refs],
        ['--upload-pack=touch x', refs],
        ['/main', refs],
        ['main/', refs],
        ['main.', refs],
        ['.main', refs],
        ['a..b', refs],
        ['a//b', refs],
        ['main~1', refs],
        ['main^', refs],
        ['main@{1}', refs],
        ['a:b', refs],
        ['a?b', refs],
        ['a*', refs],
        ['a[b', refs],
        ['a\\b', refs],
        ['a b', refs],
        ['a\tb', refs],
        ['a\u2028b', refs],
        ['a\0b', refs],
        ['a\u007f', refs],
        ['a\ud800', refs],
        [hex(256), 'must be at most 255 characters'],
        [flood('.'), 'must be at most 255 characters'],
      ],
    },
    'a repository': {
      schema: RepositoryUrl,
      values: [
        ['', 'must not be empty'],
        ['-oProxyCommand=touch x', urls],
        ['--upload-pack=x', urls],
        ['https://git.example/a b', urls],
        ['https://git.example/a\nb', urls],
        ['https://git.example/\0', urls],
        ['https://git.example/\udc00', urls],
        ['ext::sh -c touch% x', urls],
        ['https://ada:hunter2@git.example/shop', secret],
        ['https://ghp_token@git.example/shop', secret],
        ['HTTPS://ghp_token@git.example/shop', secret],
        ['http://ada:@git.example/shop', secret],
        ['http://ghp_token@git.example/shop', secret],
        ['https://a@b@git.example/shop', secret],
        ['https://ada:hun/ter2@git.example/shop', secret],
        ['ssh://ada:hun/ter2@git.example/shop', secret],
        ['https://ada:p/w@git.example/shop', secret],
        ['https://ada:p1/w@git.example/shop', secret],
        ['git+https://ghp_token@git.example/shop', secret],
        ['ssh://git:hunter2@git.example/shop', secret],
        ['ftp://ada:hunter2@git.example/shop', secret],
        ['git+https://ada:hunter2@git.example/shop', secret],
        ['ada:hunter2@git.example', secret],
        ['https:\\\\ada:hunter2@git.example', secret],
        [`https://git.example/${hex(2048)}`, 'must be at most 2048 characters'],
        [`https://${flood(':')}`, 'must be at most 2048 characters'],
      ],
    },
    'a path in the tree': {
      schema: TreePath,
      values: [
        ['', 'must not be empty'],
        ['/etc/passwd', paths],
        ['..', paths],
        ['../Dockerfile', paths],
        ['a/../../Dockerfile', paths],
        ['a/..', paths],
        ['-f', paths],
        ['a\\..\\b', paths],
        ['a\0b', paths],
        ['a\nb', paths],
        // `.` of a regular expression ends at these two, so what came after them went unseen.
        ['a\u2028/../../etc/passwd', paths],
        ['a\u2029/../../etc/passwd', paths],
        ['a\ud83d', paths],
        [hex(1025), 'must be at most 1024 characters'],
        [flood('/.'), 'must be at most 1024 characters'],
      ],
    },
    'an image reference': {
      schema: ImageReference,
      values: [
        ['', 'must not be empty'],
        ['-shop', references],
        ['shop v1', references],
        ['Shop', references],
        ['shop/../../containers/x', references],
        ['shop/./x', references],
        ['shop/..', references],
        ['shop//x', references],
        ['shop?x=1', references],
        ['shop#x', references],
        ['shop%2f..', references],
        ['shop\n', references],
        ['größe', references],
        [hex(513), 'must be at most 512 characters'],
      ],
    },
    'an instance id': {
      schema: InstanceId,
      values: [
        ['', 'must not be empty'],
        [hex(256), 'must be at most 255 characters'],
      ],
    },
    'a host': {
      schema: Address.shape.host,
      values: [
        ['', hosts],
        ['a b', hosts],
        ['a/b', hosts],
        ['ada@host', hosts],
        ['host\nset server x', hosts],
        ['host;x', hosts],
        ['größe', hosts],
      ],
    },
    'a health path': {
      schema: HealthPath,
      values: [
        ['', 'must not be empty'],
        ['healthz', checks],
        ['http://169.254.169.254/', checks],
        ['//169.254.169.254/', checks],
        ['/\\169.254.169.254/', checks],
        ['/a b', checks],
        ['/a\r\nHost: x', checks],
        ['/\0', checks],
        ['/\ud800', checks],
        [`/${hex(2048)}`, 'must be at most 2048 characters'],
      ],
    },
    'a text': {
      schema: Text,
      values: [
        ['a\0b', unicode],
        ['\ud800', unicode],
        ['\udc00\ud800', unicode],
        [hex(1001), 'must be at most 1000 characters'],
        [hex(10_240), 'must be at most 1000 characters'],
      ],
    },
    'an actor': { schema: Actor, values: [['', 'must name who asked']] },
    'a fence': {
      schema: Fence,
      values: [
        [0, 'expected number to be >0'],
        [-1, 'expected number to be >0'],
        [1.5, 'expected int'],
        [Number.NaN, 'expected number'],
        [Number.POSITIVE_INFINITY, 'expected'],
        [2 ** 53, 'expected int to be'],
        ['1', 'expected number'],
      ],
    },
    'an instant': {
      schema: Instant,
      values: [
        [-1, 'expected number to be >=0'],
        [0.5, 'expected int'],
        ['2026-11-23', 'expected number'],
      ],
    },
    'build inputs': {
      schema: BuildInputs,
      values: [
        [{ preset: 'nixpacks' }, 'Invalid'],
        [{ preset: 'dockerfile', dockerfile: '../Dockerfile' }, paths],
        [{ preset: 'dockerfile', dockerfile: 'Dockerfile', context: '/' }, 'Unrecognized key: "context"'],
        [{ preset: 'command', build: null, start: [] }, 'must name a program'],
        [{ preset: 'command', build: null, start: Array(257).fill('x') }, 'must be at most 256 arguments'],
        [{ preset: 'command', build: null, start: ['a\0'] }, unicode],
        [{ preset: 'command', build: null, start: ['\ud800'] }, unicode],
      ],
    },
    'a configuration': {
      schema: Config,
      values: [
        [{ variables: { 'A B': '' }, secrets: {} }, 'must be a name of an environment variable'],
        [{ variables: { '1A': '' }, secrets: {} }, 'must be a name of an environment variable'],
        [{ variables: { 'A=B': '' }, secrets: {} }, 'must be a name of an environment variable'],
        [{ variables: { A: 'x\0' }, secrets: {} }, unicode],
        [{ variables: { A: hex(32_769) }, secrets: {} }, 'must be at most 32768 characters'],
        [{ variables: { A: 1 }, secrets: {} }, 'expected string'],
        [{ variables: {}, secrets: { A: 'the value itself' } }, 'expected object'],
        [{ variables: {} }, 'expected record'],
      ],
    },
    'a secret reference': {
      schema: SecretReference,
      values: [
        [{ reference: '', fingerprint: null }, 'must not be empty'],
        [{ reference: 'a\0', fingerprint: null }, unicode],
        [{ reference: 'a', fingerprint: null, value: 'hunter2' }, 'Unrecognized key: "value"'],
      ],
    },
    'how an instance is run': {
      schema: RunSpec,
      values: [
        [{ ...workload.run, port: 0 }, 'expected number to be >=1'],
        [{ ...workload.run, port: 65_536 }, 'expected number to be <=65535'],
        [{ ...workload.run, cpus: 0 }, 'expected number to be >0'],
        [{ ...workload.run, memoryBytes: -1 }, 'expected number to be >0'],
        [{ ...workload.run, privileged: true }, 'Unrecognized key: "privileged"'],
      ],
    },
  };

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text;
};

const rows = Object.entries(refused).flatMap(([what, { schema, values }]) =>
  values.map(([value, problem]) => ({ what, schema, value, problem, name: shown(value) })),
);

describe('refused, and told why', () => {
  test.each(rows)('$what: $name', ({ schema, value, problem }) => {
    const parsed = schema.safeParse(value);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues[0]?.message).toContain(problem);
  });
});

describe('taken as it is', () => {
  test.each<readonly [string, Schema, readonly unknown[]]>([
    ['a deployment id', DeploymentId, ['0', 'd-1', '01h.x_y-z', hex(63), 'constructor', 'tostring']],
    ['a digest', Digest, [`sha256:${hex(64)}`]],
    ['a commit', CommitId, [hex(40), hex(64)]],
    [
      'a ref',
      GitRef,
      ['main', 'HEAD', 'v1.2.3', 'refs/heads/x', 'größe', 'feature/a-b', '@', '@x', 'a@b', 'dependabot/npm/x'],
    ],
    [
      'a repository',
      RepositoryUrl,
      [
        'https://git.example/shop.git',
        'https://git.example:8443/shop@2/x:y@z',
        'ssh://git@git.example:22/shop',
        'ssh://git@git.example/mirror/https://shop',
        'ssh://git@[::1]:22/shop',
        'https://[2001:db8::1]:80/shop@2',
        'https://git.example:git/shop',
        'git@git.example:team/shop.git',
        'file:///srv/git/a:b@c',
      ],
    ],
    [
      'a path in the tree',
      TreePath,
      ['.', 'Dockerfile', 'a/b c/Dockerfile', '...', 'a/..b', 'a..b', './a', 'größe/文'],
    ],
    ['an image reference', ImageReference, ['shop', 'shop:v1..2', 'r.example:5000/a/b:v1', `a@sha256:${hex(64)}`]],
    ['an instance id', InstanceId, ['i-1', 'größe', 'a b;\n']],
    ['a host', Address.shape.host, ['127.0.0.1', '::1', 'fe80::1%eth0', 'shop.internal', 'shop_1']],
    ['a health path', HealthPath, ['/', '/healthz?deep=1&x=//y', '/größe', '/a#b']],
    ['a text', Text, ['', '\u202e\u2028', '👩‍👩‍👧', hex(1000)]],
    ['a fence', Fence, [1, 2 ** 53 - 1]],
  ])('%s', (_what, schema, values) => {
    for (const value of values) expect(schema.safeParse(value)).toMatchObject({ success: true, data: value });
  });

  test('a variable called __proto__ reaches nobody', () => {
    const given = JSON.parse('{"variables":{"__proto__":"x","constructor":"y"},"secrets":{}}');
    const { variables } = Config.parse(given);
    expect(Object.entries(variables)).toEqual([['constructor', 'y']]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});
