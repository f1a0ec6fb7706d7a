import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { httpHealthProbe } from '@recourse/node';
import { healthProbeConformance } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';

healthProbeConformance('httpHealthProbe', async () => ({ probe: httpHealthProbe(), close: async () => {} }));

/** What a process does that was told of a proxy before it began: Node.js reads that only once. */
const SCRIPT = `
  import { httpHealthProbe } from '@recourse/node';
  const { signal } = new AbortController();
  const ask = httpHealthProbe().check({ host: '127.0.0.1', port: Number(process.argv[1]) }, '/', { timeoutMs: 30000, signal });
  console.log(JSON.stringify((await ask()).right));
`;

test('uses no proxy, though the whole process does', { timeout: 60_000 }, async () => {
  const listening = async (status: number) => {
    const server = createServer((_, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    return String(typeof address === 'object' ? address?.port : address);
  };
  const proxy = `http://127.0.0.1:${await listening(200)}`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@recourse/source', '--input-type=module', '-e', SCRIPT, await listening(503)],
    { cwd: import.meta.dirname, env: { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, http_proxy: proxy } },
  );
  expect(JSON.parse(stdout)).toEqual({ healthy: false, detail: '503' });
});
