/** OpenSSH, as git runs it, against a server on 127.0.0.1 that runs git-upload-pack. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { GitRef, RepositoryUrl } from '@recourse/core';
import { gitSources } from '@recourse/git';
import { left, right } from '@recourse/testing';
import ssh2, { type Connection } from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { processesWith } from './held.ts';
import { entriesOf } from './opened.ts';
import { makeOrigin, type Origin, temporaryFolder } from './origin.ts';

const signal = new AbortController().signal;
const main = GitRef.parse('main');

const serveSsh = async (origin: Origin, keys: Readonly<{ host: string; client: string }>) => {
  const commands: string[] = [];
  const connections = new Set<Connection>();
  const welcome = ssh2.utils.parseKey(keys.client);
  if (welcome instanceof Error) throw welcome;

  const server = new ssh2.Server({ hostKeys: [keys.host] }, (connection) => {
    connections.add(connection);
    connection.on('error', () => {});
    connection.on('authentication', (asked) => {
      const known = asked.method === 'publickey' && asked.key.data.equals(welcome.getPublicSSH());
      return known ? asked.accept() : asked.reject(['publickey']);
    });
    connection.on('session', (accept) =>
      accept().on('exec', (acceptExec, _, { command }) => {
        commands.push(command);
        const channel = acceptExec();
        const pack = spawn('git', ['upload-pack', origin.directory], { stdio: 'pipe' });
        channel.pipe(pack.stdin);
        pack.stdout.pipe(channel, { end: false });
        pack.on('close', (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      }),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const connection of connections) connection.end();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, commands, url: RepositoryUrl.parse(`ssh://git@127.0.0.1:${port}/shop.git`) };
};

const makeKey = () => ssh2.utils.generateKeyPairSync('ed25519');

const setUp = async () => {
  const folder = await temporaryFolder();
  const origin = await makeOrigin(join(folder, 'origin', 'shop.git'));
  const commit = await origin.commit('main', { a: '1' });
  const [host, client, other] = [makeKey(), makeKey(), makeKey()];
  const server = await serveSsh(origin, { host: host.private, client: client.public });
  const put = async (name: string, content: string) => {
    await writeFile(join(folder, name), content);
    await chmod(join(folder, name), 0o600);
    return join(folder, name);
  };
  const line = (key: string) => `[127.0.0.1]:${server.port} ${key.split(' ').slice(0, 2).join(' ')}\n`;
  const files = {
    key: await put('key', client.private),
    otherKey: await put('other-key', other.private),
    hosts: await put('hosts', line(host.public)),
    otherHosts: await put('other-hosts', line(other.public)),
    noHosts: await put('no-hosts', ''),
  };
  const sourcesWith = (sshKeyFile: string, knownHostsFile: string) =>
    gitSources({ cacheDirectory: join(folder, 'cache'), credentials: () => ({ sshKeyFile, knownHostsFile }) });
  return { ...server, folder, commit, files, sourcesWith };
};

test('with the key and the host key, a ref is resolved and its tree read', async () => {
  const { sourcesWith, files, url, commit, commands, folder } = await setUp();
  const sources = sourcesWith(files.key, files.hosts);
  expect(await right(sources.resolve(url, main, signal))).toBe(commit);
  expect((await entriesOf(sources, url, commit)).get('a')).toMatchObject({ content: '1' });
  expect(new Set(commands)).toEqual(new Set(["git-upload-pack '/shop.git'"]));
  expect(await processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`)).toEqual([]);
});

test('a key that the server does not know: permanent, and no question is asked', async () => {
  const { sourcesWith, files, url, commands } = await setUp();
  expect(await left(sourcesWith(files.otherKey, files.hosts).resolve(url, main, signal))).toMatchObject({
    kind: 'permanent',
    code: 'sources/repository-not-found',
    message: expect.stringContaining('credentials'),
  });
  expect(commands).toEqual([]);
});

test.each(['otherHosts', 'noHosts'] as const)(
  'a server with a host key that is not in %s is not trusted',
  async (hosts) => {
    const { sourcesWith, files, url, commands } = await setUp();
    expect(await left(sourcesWith(files.key, files[hosts]).resolve(url, main, signal))).toMatchObject({
      kind: 'permanent',
      code: 'sources/refused',
      message: expect.stringContaining('host key'),
    });
    expect(commands).toEqual([]);
  },
);

test.each(['relative/key', '/a b', '/a"b', '/a%hb', '~/key', '/$(touch canary)', '-oProxyCommand=x'])(
  'a key file %j is refused before ssh sees it',
  async (path) => {
    const { sourcesWith, files, url } = await setUp();
    for (const sources of [sourcesWith(path, files.hosts), sourcesWith(files.key, path)]) {
      expect(await left(sources.resolve(url, main, signal))).toMatchObject({ code: 'sources/refused' });
    }
  },
);
