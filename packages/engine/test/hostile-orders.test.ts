/**
 * What somebody might send to do harm, or by mistake. A worker runs, and every engine writes down what it is asked:
 * each of these orders is refused before anything happens, in words that repeat neither a secret nor all of the input.
 */
import { type Rejection, renderRejection } from '@recourse/core';
import { createRecourse, type DeployInput, type Recourse } from '@recourse/engine';
import type { Either } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { deployOf, refused, shop } from './support/orders.ts';
import { openWorld } from './support/world.ts';

/** Stands in every value that may be secret. */
const secret = 'hunter2';
const kB10 = 'x'.repeat(10_240);
const MB = 'x'.repeat(1_000_000);
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const circle: Record<string, unknown> = {};
circle['self'] = circle;

type Row = readonly [name: string, order: object, field: string];

const { workload } = deployOf('v1');
const git = (over: object) => ({
  source: { kind: 'git', repository: 'https://git.example/shop', ref: 'main', ...over },
});
const image = (reference: unknown) => ({
  source: { kind: 'image', reference },
  workload: { ...workload, build: { preset: 'image' } },
});
const build = (inputs: unknown) => ({ workload: { ...workload, build: inputs } });
const run = (over: object) => ({ workload: { ...workload, run: { ...workload.run, ...over } } });
const health = (path: unknown) => run({ health: { path } });
const variables = (given: unknown) => ({ config: { variables: given } });
const secrets = (given: unknown) => ({ config: { secrets: given } });
const json = (text: string): object => JSON.parse(text);

const named = (
  field: string,
  values: readonly (readonly [name: string, value: unknown])[],
  order: (v: unknown) => object,
) => values.map(([name, value]): Row => [`${field}: ${name}`, order(value), field]);

const ids = named(
  'environment',
  [
    ['a parent', '..'],
    ['a path', '../../etc/passwd'],
    ['a path, encoded', '%2e%2e%2fetc'],
    ['a path of another system', '..\\..\\windows'],
    ['a drive', 'c:shop'],
    ['an option', '--privileged'],
    ['a shell', 'shop$(id)'],
    ['another shell', 'shop`id`'],
    ['a pipe', 'shop|id'],
    ['a second command', 'shop;id'],
    ['a line break', 'shop\nother'],
    ['a trailing line break', 'shop\n'],
    ['a carriage return', 'shop\r'],
    ['a NUL', 'shop\0'],
    ['SQL', "shop' or 1=1--"],
    ['a pattern', 'shop*'],
    ['a map key of a proxy', 'shop 127.0.0.1|1|80'],
    ['HTML', '<script>'],
    ['the prototype', '__proto__'],
    ['full width', 'ｓｈｏｐ'],
    ['a homograph', 'shоp'],
    ['right to left', 'shop\u202epohs'],
    ['zero width', 'sh\u200bop'],
    ['half a character', 'shop\ud800'],
    ['64 characters', 'a'.repeat(64)],
    ['10 kB', kB10],
    ['1 MB', MB],
    ['a number', 7],
    ['a big number', 7n],
    ['a symbol', Symbol('shop')],
    ['a list', ['shop']],
    ['a box', new String('shop')],
    ['nothing', null],
    ['true', true],
    ['a function', () => 'shop'],
    ['a circle', circle],
  ],
  (environment) => ({ environment }),
);

const repositories = named(
  'source.repository',
  [
    ['an option', '--upload-pack=touch x;git-upload-pack'],
    ['a configuration', '-ccore.sshCommand=touch x'],
    ['a proxy command', '-oProxyCommand=touch x'],
    ['a transport that runs', 'ext::sh -c touch% x'],
    ['a password', `https://ada:${secret}@git.example/shop`],
    ['a token', `https://${secret}@git.example/shop`],
    ['a token in capitals', `HTTPS://${secret}@git.example/shop`],
    ['a password with an @', `https://ada:a@${secret}@git.example/shop`],
    ['a password with a /', `https://ada:a/${secret}@git.example/shop`],
    ['a password with backslashes', `https:\\\\ada:${secret}@git.example/shop`],
    ['a password without a scheme', `ada:${secret}@git.example`],
    ['a password over ssh', `ssh://git:${secret}@git.example/shop`],
    ['a password over ftp', `ftp://ada:${secret}@git.example/shop`],
    ['a password and a space', `https://ada:${secret}@git.example/a b`],
    ['a password and a NUL', `https://ada:${secret}@git.example/\0`],
    ['a token in a query, and a space', `https://git.example/shop?token=${secret} `],
    ['a password after 10 kB', `https://${kB10}:${secret}@git.example/`],
    ['a line break', 'https://git.example/a\nhost=other'],
    ['half a character', 'https://git.example/\ud800'],
    ['1 MB', `https://${MB}`],
    ['nothing', ''],
    ['a number', 1n],
    ['a URL object', new URL('https://git.example/shop')],
  ],
  (repository) => git({ repository }),
);

const refs = named(
  'source.ref',
  [
    ['an option', '--upload-pack=touch x'],
    ['an output', '--output=/etc/cron.d/x'],
    ['a single dash', '-'],
    ['a range', 'main..other'],
    ['an ancestor', 'main~1'],
    ['a parent', 'main^'],
    ['a reflog', 'main@{1}'],
    ['the one before', '@{-1}'],
    ['a search', ':/fix'],
    ['a path', 'main:secret'],
    ['a pattern', 'refs/heads/*'],
    ['a backslash', 'a\\b'],
    ['a space', 'a b'],
    ['a no-break space', 'a\u00a0b'],
    ['a line separator', 'a\u2028b'],
    ['a NUL', 'a\0'],
    ['a bell', 'a\u0007'],
    ['half a character', 'a\udfff'],
    ['a leading slash', '/main'],
    ['a hidden name', '.main'],
    ['10 kB', kB10],
    ['a list', ['main']],
  ],
  (ref) => git({ ref }),
);

const commits = named(
  'source.commit',
  [
    ['a branch', 'main'],
    ['an abbreviation', 'abc1234'],
    ['capitals', 'A'.repeat(40)],
    ['one digit too few', 'a'.repeat(39)],
    ['between both lengths', 'a'.repeat(50)],
    ['a line break', `${'a'.repeat(40)}\n`],
    ['an option', `--output=${'a'.repeat(31)}`],
    ['digits of another script', '١'.repeat(40)],
    ['a number', 10 ** 39],
  ],
  (commit) => git({ commit }),
);

const contexts: readonly Row[] = [
  ...named(
    'workload.build.dockerfile',
    [
      ['absolute', '/etc/passwd'],
      ['above', '../Dockerfile'],
      ['above, late', 'a/b/../../../Dockerfile'],
      ['above, after a line separator', 'a\u2028/../../x'],
      ['above, with backslashes', 'a\\..\\..\\x'],
      ['a parent', '..'],
      ['an option', '--build-arg=x'],
      ['a NUL', 'Dockerfile\0.txt'],
      ['a line break', 'Dockerfile\nx'],
      ['nothing', ''],
      ['10 kB', kB10],
      ['1 MB of parents', '../'.repeat(333_333)],
      ['a list', ['Dockerfile']],
    ],
    (dockerfile) => build({ preset: 'dockerfile', dockerfile }),
  ),
  ...named(
    'workload.build.directory',
    [
      ['absolute', '/etc'],
      ['above', 'a/../..'],
      ['an option', '-C'],
      ['half a character', 'dist\ud800'],
    ],
    (directory) => build({ preset: 'static', directory, runnable: true }),
  ),
  [
    'a build argument',
    build({ preset: 'dockerfile', dockerfile: 'Dockerfile', args: { TOKEN: secret } }),
    'workload.build',
  ],
  [
    'a context of another host',
    build({ preset: 'dockerfile', dockerfile: 'Dockerfile', remote: 'http://x' }),
    'workload.build',
  ],
  ['an output', build({ preset: 'dockerfile', dockerfile: 'Dockerfile', outputs: ['/etc'] }), 'workload.build'],
  ['a preset that is a method', build({ preset: 'constructor' }), 'workload.build.preset'],
  ['a preset of the prototype', build({ preset: '__proto__' }), 'workload.build.preset'],
  ['a preset of 1 MB', build({ preset: MB }), 'workload.build.preset'],
  ['no program', build({ preset: 'command', build: null, start: [] }), 'workload.build.start'],
  ['a program with a NUL', build({ preset: 'command', build: null, start: ['a\0'] }), 'workload.build.start.0'],
  ['a program that is a line', build({ preset: 'command', build: null, start: 'rm -rf /' }), 'workload.build.start'],
  ['257 words', build({ preset: 'command', build: null, start: Array(257).fill('x') }), 'workload.build.start'],
  ['a word of 10 kB', build({ preset: 'command', build: [kB10], start: ['x'] }), 'workload.build.build.0'],
];

const docker: readonly Row[] = [
  ...named(
    'source.reference',
    [
      ['an option', '--all-tags'],
      ['an endpoint of the engine', 'shop/../../containers/x'],
      ['a dot', 'shop/./x'],
      ['an empty part', 'shop//x'],
      ['a query', 'shop?force=1'],
      ['a fragment', 'shop#x'],
      ['encoded', 'shop%2f..'],
      ['a URL', 'http://169.254.169.254/x'],
      ['a password', `ada:${secret}@registry.example/ shop`],
      ['capitals', 'Shop'],
      ['a space', 'shop v1'],
      ['a line break', 'shop\nx'],
      ['a NUL', 'shop\0'],
      ['another script', 'größe'],
      ['10 kB', kB10],
      ['a number', 7],
    ],
    image,
  ),
  ['a privileged instance', run({ privileged: true }), 'workload.run'],
  ['a mount', run({ binds: ['/:/host'] }), 'workload.run'],
  ['the socket', run({ volumes: ['/var/run/docker.sock'] }), 'workload.run'],
  ["the host's network", run({ networkMode: 'host' }), 'workload.run'],
  ['a capability', run({ capAdd: ['SYS_ADMIN'] }), 'workload.run'],
  ['a port of 0', run({ port: 0 }), 'workload.run.port'],
  ['a port too high', run({ port: 65_536 }), 'workload.run.port'],
  ['half a port', run({ port: 80.5 }), 'workload.run.port'],
  ['a port that is text', run({ port: '80' }), 'workload.run.port'],
  ['a big port', run({ port: 80n }), 'workload.run.port'],
  ['a port that is not a number', run({ port: Number.NaN }), 'workload.run.port'],
  ['memory without end', run({ memoryBytes: Number.POSITIVE_INFINITY }), 'workload.run.memoryBytes'],
  ['negative memory', run({ memoryBytes: -1 }), 'workload.run.memoryBytes'],
  ['more memory than a number holds', run({ memoryBytes: 2 ** 60 }), 'workload.run.memoryBytes'],
  ['no processor', run({ cpus: 0 }), 'workload.run.cpus'],
  ['2,000 processors', run({ cpus: 2_000 }), 'workload.run.cpus'],
  ['half a process', run({ pidsMax: 0.5 }), 'workload.run.pidsMax'],
  ['a grace of a year', run({ stopGraceMs: 31_536_000_000 }), 'workload.run.stopGraceMs'],
  ['a drain before its time', run({ drainMs: -1 }), 'workload.run.drainMs'],
];

const healthChecks: readonly Row[] = [
  ...named(
    'workload.run.health.path',
    [
      ['the metadata service', 'http://169.254.169.254/latest'],
      ['the metadata service, without a scheme', '//169.254.169.254/latest'],
      ['a backslash', '/\\169.254.169.254'],
      ['no slash', 'healthz'],
      ['an authority', '@169.254.169.254/'],
      ['another scheme', 'file:///etc/passwd'],
      ['a header', '/\r\nhost: other'],
      ['a second request', '/ HTTP/1.1\r\n\r\nGET /x'],
      ['a tab', '/\tx'],
      ['a NUL', '/\0'],
      ['a line separator', '/\u2028'],
      ['half a character', '/\udc00'],
      ['nothing', ''],
      ['10 kB', `/${kB10}`],
      ['a list', ['/']],
    ],
    health,
  ),
  ['no time', run({ health: { path: '/', withinMs: 0 } }), 'workload.run.health.withinMs'],
  ['a year', run({ health: { path: '/', withinMs: 31_536_000_000 } }), 'workload.run.health.withinMs'],
  ['another host', run({ health: { path: '/', host: '169.254.169.254' } }), 'workload.run.health'],
  ['another port', run({ health: { path: '/', port: 2375 } }), 'workload.run.health'],
  ['redirects', run({ health: { path: '/', followRedirects: true } }), 'workload.run.health'],
];

const shapes: readonly Row[] = [
  ['a hidden prototype', json('{"__proto__":{"admin":true},"colour":"red"}'), 'the input'],
  ['a constructor', json('{"constructor":{"prototype":{"admin":true}}}'), 'the input'],
  ['an unknown field of 10 kB', { [kB10]: 1 }, 'the input'],
  [
    'a thousand unknown fields',
    Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`field${n}`, n])),
    'the input',
  ],
  ['what cannot be compared', json('{"actor":{"length":[{"toString":""}]}}'), 'the input'],
  ['a source of no kind', { source: {} }, 'source.kind'],
  ['a source that is inherited', { source: Object.create({ kind: 'ftp' }) }, 'source.kind'],
  ['a source nested 10,000 deep', { source: nested(10_000) }, 'source'],
  ['a workload that is a circle', { workload: circle }, 'workload.build'],
  ['a configuration of null', { config: null }, 'config'],
  ['a trigger that is a method', { trigger: 'toString' }, 'trigger'],
  ['an actor of nothing', { actor: '' }, 'actor'],
  ['an actor with a NUL', { actor: 'ada\0' }, 'actor'],
  ['an actor of half a character', { actor: '\ud800' }, 'actor'],
  ['an actor of 1 MB', { actor: MB }, 'actor'],
  ['an actor that is a number', { actor: 1n }, 'actor'],
  ['a reason of 1 MB', { reason: MB }, 'reason'],
  ['a reason with a NUL', { reason: 'because\0' }, 'reason'],
  ['a command id of nothing', { commandId: '' }, 'commandId'],
  ['a command id of half a character', { commandId: 'a\udfff' }, 'commandId'],
  ['a command id that is a list', { commandId: ['a'] }, 'commandId'],
];

const kept: readonly Row[] = [
  ['a value in place of a reference', secrets({ TOKEN: secret }), 'config.secrets.TOKEN'],
  [
    'a value beside a reference',
    secrets({ TOKEN: { reference: 'a', fingerprint: null, value: secret } }),
    'config.secrets.TOKEN',
  ],
  [
    'a reference with a NUL',
    secrets({ TOKEN: { reference: `${secret}\0`, fingerprint: null } }),
    'config.secrets.TOKEN.reference',
  ],
  [
    'a reference of nothing',
    secrets({ TOKEN: { reference: '', fingerprint: null } }),
    'config.secrets.TOKEN.reference',
  ],
  [
    'a reference of 10 kB',
    secrets({ TOKEN: { reference: secret + kB10, fingerprint: null } }),
    'config.secrets.TOKEN.reference',
  ],
  [
    'a reference that is a list',
    secrets({ TOKEN: { reference: [secret], fingerprint: null } }),
    'config.secrets.TOKEN.reference',
  ],
  [
    'a fingerprint of 10 kB',
    secrets({ TOKEN: { reference: 'a', fingerprint: secret + kB10 } }),
    'config.secrets.TOKEN.fingerprint',
  ],
  ['a list of values', secrets([secret]), 'config.secrets'],
  [
    'a name with a value',
    secrets({ [`TOKEN=${secret}`]: { reference: 'a', fingerprint: null } }),
    'config.secrets.TOKEN=…',
  ],
  ['a variable whose name has its value', variables({ [`TOKEN=${secret}`]: '' }), 'config.variables.TOKEN=…'],
  ['a variable with a NUL', variables({ TOKEN: `${secret}\0` }), 'config.variables.TOKEN'],
  ['a variable of half a character', variables({ TOKEN: `${secret}\ud800` }), 'config.variables.TOKEN'],
  ['a variable of 1 MB', variables({ TOKEN: secret + MB }), 'config.variables.TOKEN'],
  ['a variable that is a list', variables({ TOKEN: [secret] }), 'config.variables.TOKEN'],
  ['a variable that is a big number', variables({ PIN: 1234n }), 'config.variables.PIN'],
  ['a variable without a name', variables({ '': secret }), 'config.variables.'],
  ['a variable with a space', variables({ 'A B': secret }), 'config.variables.A B'],
  ['a variable with a line break', variables({ 'A\nB': secret }), 'config.variables.A\nB'],
  ['a variable that begins with a digit', variables({ '1A': secret }), 'config.variables.1A'],
  ['variables that are text', variables(`TOKEN=${secret}`), 'config.variables'],
  ['variables nested 10,000 deep', variables({ TOKEN: nested(10_000) }), 'config.variables.TOKEN'],
];

type Call = readonly [name: string, call: (recourse: Recourse) => Promise<Either<Rejection, unknown>>, field: string];

/** As it may come from a browser: any value, whatever the types say. */
const given = (value: unknown) => value as never;
const plan = {
  environment: shop,
  target: { deployment: 'd-1' },
  live: 'd-2',
  configMode: 'then',
  acceptMovedRef: false,
};
const thrower = new Proxy(
  {},
  {
    get: () => {
      throw new Error(secret);
    },
  },
);
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

const inputs = [
  ['nothing', null],
  ['not even nothing', undefined],
  ['a text', '{"environment":"shop"}'],
  ['a big number', 1n],
  ['a list', [shop]],
  ['what throws when it is read', thrower],
  ['what was revoked', revoked],
] as const;

const commands = ['deploy', 'rollback', 'planRollback', 'cancel', 'resumeAutoDeploy', 'history'] as const;
const questions = ['environment', 'explain', 'settled', 'rollbackOptions'] as const;

const calls: readonly Call[] = [
  ...commands.flatMap((command) =>
    inputs.map(
      ([name, input]): Call => [`${command} of ${name}`, (recourse) => recourse[command](given(input)), 'the input'],
    ),
  ),
  ...questions.flatMap((question) =>
    ['', '../x', 'a b', `${kB10}`, 'shop\0', 'constructor/x', null, 7n, circle].map(
      (id): Call => [
        `${question} of ${String(id).slice(0, 20)}`,
        (recourse) => recourse[question](given(id)),
        'the input',
      ],
    ),
  ),
  ...named(
    'target',
    [
      ['a path', '../d-1'],
      ['an option', '-d'],
      ['a stream of another', 'deployment-d-1\0'],
      ['a number', 1n],
      ['10 kB', kB10],
    ],
    (target) => ({ environment: shop, target }),
  ).flatMap(([name, order, field]): Call[] => [
    [`planRollback, ${name}`, (recourse) => recourse.planRollback(given(order)), field],
    [`rollback, ${name}`, (recourse) => recourse.rollback(given({ ...order, actor: 'ada' })), field],
  ]),
  ...(
    [
      ['of nothing', null, 'plan'],
      ['of text', JSON.stringify(plan), 'plan'],
      ['without a target', { ...plan, target: undefined }, 'plan.target'],
      ['of a target that is a path', { ...plan, target: { deployment: '../x' } }, 'plan.target.deployment'],
      ['of another kind of environment', { ...plan, environment: { id: shop } }, 'plan.environment'],
      ['without what is live', { ...plan, live: undefined }, 'plan.live'],
      ['of what is live and a path', { ...plan, live: '../x' }, 'plan.live'],
      ['of a mode that is a method', { ...plan, configMode: 'constructor' }, 'plan.configMode'],
      ['that accepts anything', { ...plan, acceptMovedRef: 'yes' }, 'plan.acceptMovedRef'],
    ] as const
  ).map(
    ([name, tampered, field]): Call => [
      `a plan ${name}`,
      (recourse) => recourse.rollback(given({ plan: tampered, actor: 'ada' })),
      field,
    ],
  ),
  ['a plan by nobody', (recourse) => recourse.rollback(given({ plan, actor: '' })), 'actor'],
  ['a plan and more', (recourse) => recourse.rollback(given({ plan, actor: 'ada', colour: 'red' })), 'the input'],
  ['a page of none', (recourse) => recourse.history({ environment: shop, limit: 0 }), 'limit'],
  ['a page of 201', (recourse) => recourse.history({ environment: shop, limit: 201 }), 'limit'],
  ['a page of half', (recourse) => recourse.history({ environment: shop, limit: 0.5 }), 'limit'],
  ['a page before the first', (recourse) => recourse.history({ environment: shop, before: -1 }), 'before'],
  ['a page before a text', (recourse) => recourse.history(given({ environment: shop, before: '9' })), 'before'],
];

/** A platform that works, and a record of everything that it is asked to do. */
const watched = async () => {
  const world = await openWorld();
  const asked: string[] = [];
  const { queue, secrets, snapshots } = world.options;
  const recourse = createRecourse({
    ...world.options,
    queue: {
      ...queue,
      enqueue: (message, options) => {
        asked.push(`queue ${message.deploymentId}`);
        return queue.enqueue(message, options);
      },
    },
    secrets: {
      read: (reference) => {
        asked.push(`secret ${reference}`);
        return secrets.read(reference);
      },
    },
    snapshots: {
      ...snapshots,
      save: (key, snapshot) => {
        asked.push(`snapshot ${key}`);
        return snapshots.save(key, snapshot);
      },
    },
  });
  world.work();
  return { world, recourse, asked };
};

const expectRefused = async (ask: Call[1], field: string) => {
  const { world, recourse, asked } = await watched();
  const rejection: Rejection = refused(await ask(recourse));
  expect(rejection).toMatchObject({ code: 'InvalidInput', field });
  const told = JSON.stringify({ ...rejection, ...renderRejection(rejection) });
  expect(told).not.toMatch(/undefined|hunter2|x{200}/);
  expect(told.length).toBeLessThan(1_000);

  expect(await world.options.store.head()()).toEqual({ _tag: 'Right', right: null });
  expect([...asked, ...world.log]).toEqual([]);
  expect([world.running.size, world.routes.size, world.here.size]).toEqual([0, 0, 0]);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(Reflect.get({}, 'admin')).toBeUndefined();
};

describe.each([
  ['an id', ids],
  ['a repository', repositories],
  ['a ref', refs],
  ['a commit', commits],
  ['what is built', contexts],
  ['what is run', docker],
  ['a health check', healthChecks],
  ['a shape', shapes],
  ['a variable or a secret', kept],
])('%s', (_, rows) => {
  test.each(rows)('%s is refused', async (_name, order, field) => {
    await expectRefused((recourse) => recourse.deploy({ ...deployOf('v1'), ...order } as DeployInput), field);
  });
});

describe('any other call', () => {
  test.each(calls)('%s is refused', (_name, call, field) => expectRefused(call, field));
});
