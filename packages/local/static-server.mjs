// Serves the files of one folder: `node static-server.mjs <folder>`, at HOST and PORT. Part of a bundle's content, so
// every change here changes the digests of what is built after it. Plain JavaScript: a bundle runs without a build.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream';

const types = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
};

const root = await realpath(process.argv[2] ?? '.');

/** The real path of a file inside the root, or undefined. Links are followed only as far as they stay inside. */
const find = async (url) => {
  const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  for (const candidate of path.endsWith('/') ? [`${path}index.html`] : [path, `${path}/index.html`]) {
    const real = await realpath(join(root, candidate)).catch(() => undefined);
    if (real?.startsWith(root + sep) && (await stat(real)).isFile()) return real;
  }
};

const answer = async (request, response) => {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return response.writeHead(405, { allow: 'GET, HEAD' }).end();
  const file = await find(request.url);
  if (file === undefined) return response.writeHead(404).end('Not found\n');
  response.writeHead(200, {
    'content-type': types[extname(file).toLowerCase()] ?? 'application/octet-stream',
    'content-length': (await stat(file)).size,
  });
  if (request.method === 'HEAD') return response.end();
  pipeline(createReadStream(file), response, () => {});
};

const server = createServer((request, response) => {
  answer(request, response).catch(() => (response.headersSent ? response.destroy() : response.writeHead(400).end()));
});
server.listen(Number(process.env.PORT), process.env.HOST, () =>
  console.log(`serving files on port ${process.env.PORT}`),
);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
