/** Paths that would lead a health check elsewhere, and answers that would make it do, keep or say more than it should. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { httpHealthProbe } from '@recourse/node';
import { left, right } from '@recourse/testing';
import { describe, expect, onTestFinished, test } from 'vitest';

/** Listens, counts who comes, and answers with these bytes. */
const listening = async (answer: (socket: Socket) => void = () => {}) => {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const at = heard.push('') - 1;
    sockets.add(socket.on('error', () => undefined));
    socket.on('data', (bytes) => {
      heard[at] += String(bytes);
      if (heard[at]?.includes('\r\n\r\n')) answer(socket);
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { address: { host: '127.0.0.1', port }, heard };
};

const asking = (timeoutMs = 20_000) => ({ timeoutMs, signal: new AbortController().signal });

const refused = [
  '',
  'healthz',
  '*',
  '?x=1',
  '#x',
  '\\healthz',
  '@169.254.169.254/',
  'http://169.254.169.254/latest',
  'HTTP://169.254.169.254/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  '127.0.0.1:2375/containers/json',
  ' /healthz',
  '/health z',
  '/healthz ',
  '/healthz\n',
  '/a\r\nhost: other',
  '/a HTTP/1.1\r\nhost: x\r\n\r\nGET /b',
  '/a\tb',
  '/a\vb',
  '/a\0b',
  '/a\u0085b',
  '/a\u00a0b',
  '/a\u2028b',
  '/a\ufeffb',
  '/a\u007f',
  '/\ud800',
  '/\udc00\ud800',
  `healthz${'x'.repeat(10_240)}`,
  `/${'x'.repeat(1_000_000)} `,
];

describe('a health path', () => {
  test.each(refused.map((path) => [JSON.stringify(path).slice(0, 60), path] as const))(
    '%s is refused, and nobody is asked',
    async (_name, path) => {
      const { address, heard } = await listening();
      const error = await left(httpHealthProbe().check(address, path, asking()));
      expect(error).toMatchObject({ kind: 'permanent', code: 'health/invalid-path' });
      expect(error.message).toContain('health path');
      expect(error.message.length).toBeLessThan(300);
      expect(heard).toEqual([]);
    },
  );

  test.each(['//169.254.169.254/latest', '/..//..', '/%0d%0ahost:x', '/größe', '/\u202e', '/a#b', '/?url=http://x'])(
    '%j stays a path of the instance',
    async (path) => {
      const { address, heard } = await listening((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
      expect(await right(httpHealthProbe().check(address, path, asking()))).toEqual({ healthy: true, detail: '200' });
      expect(heard).toHaveLength(1);
      const [line, ...headers] = heard[0]?.split('\r\n') ?? [];
      expect(line).toMatch(/^GET \/[\x21-\x7e]* HTTP\/1\.1$/);
      expect(headers.filter((header) => /^host:/i.test(header))).toHaveLength(1);
    },
  );
});

/** Stands in everything that must not be kept. */
const secret = 'hunter2';

const answers: readonly (readonly [string, string, (socket: Socket, elsewhere: string) => void])[] = [
  ['a redirect', '302', (socket, to) => socket.end(`HTTP/1.1 302 ${secret}\r\nlocation: ${to}\r\n\r\n`)],
  [
    'a redirect that asks for the same again',
    '307',
    (socket, to) => socket.end(`HTTP/1.1 307 x\r\nlocation: ${to}\r\n\r\n`),
  ],
  ['a page that refreshes', '503', (socket, to) => socket.end(`HTTP/1.1 503 x\r\nrefresh: 0;url=${to}\r\n\r\n`)],
  [
    'a demand for a password',
    '401',
    (socket) => socket.end(`HTTP/1.1 401 x\r\nwww-authenticate: Basic realm="${secret}"\r\n\r\n`),
  ],
  ['a word of 15 kB for a status', '500', (socket) => socket.end(`HTTP/1.1 500 ${secret.repeat(2_000)}\r\n\r\n`)],
  ['a status that is none', 'not HTTP', (socket) => socket.end(`HTTP/1.1 ${secret} OK\r\n\r\n`)],
  ['a protocol that is none', 'not HTTP', (socket) => socket.end(`SSH-2.0-${secret}\r\n`)],
  ['nothing but a body', 'not HTTP', (socket) => socket.end(`<h1>${secret}</h1>`)],
  [
    'two lengths',
    'not HTTP',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
  ],
  [
    'a header without end',
    'headers too large',
    (socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`),
  ],
  [
    'a thousand headers',
    'headers too large',
    (socket) => void socket.write(`HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyyyyyyyyyyyy\r\n'.repeat(2_000)}\r\n`),
  ],
  ['a header with a NUL', 'not HTTP', (socket) => socket.end('HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n')],
  ['nothing at all', 'connection closed', (socket) => socket.end()],
  ['a cut connection', 'connection closed', (socket) => void socket.destroy()],
];

describe('an instance that answers with', () => {
  test.each(answers)('%s is unhealthy (%s), and nothing of it is kept or followed', async (_, detail, answer) => {
    const elsewhere = await listening((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    const { address } = await listening((socket) => answer(socket, `http://127.0.0.1:${elsewhere.address.port}/`));
    expect(await right(httpHealthProbe().check(address, '/', asking()))).toEqual({ healthy: false, detail });
    expect(elsewhere.heard).toEqual([]);
  });

  test('a body without end is not read, and its connection is closed', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      void listening((socket) => {
        socket.once('close', () => resolve());
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const more = () => {
          sent += 65_536;
          if (!socket.destroyed) socket.write(Buffer.alloc(65_536), more);
        };
        more();
      }).then(({ address }) => httpHealthProbe().check(address, '/', asking())());
    });
    await closed;
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test('one letter at a time is given up in time', async () => {
    const { address } = await listening((socket) => {
      const drip = setInterval(() => socket.write('H'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    const answer = await right(httpHealthProbe().check(address, '/', asking(200)));
    expect(answer.healthy).toBe(false);
  });
});
