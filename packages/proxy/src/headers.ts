/** What may pass from one side of the proxy to the other. Headers are raw pairs, so that nothing is merged or lost. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** Meant for one connection only (RFC 9110, 7.6.1). `expect` was answered here; `upgrade` is put back where it is meant. */
const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
]);

const forwarded = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

export type HeaderOptions = Readonly<{
  /** True behind another trusted proxy: what it says about the client is passed on and added to. */
  trustForwarded: boolean;
}>;

/** The headers of the request as the upstream gets them, without those that are about this connection. */
export const upstreamHeaders = (request: IncomingMessage, { trustForwarded }: HeaderOptions): string[] => {
  const dropped = perConnection(request);
  const kept = pairs(request.rawHeaders).filter(
    ([name]) => !dropped.has(name.toLowerCase()) && !(forwarded.has(name.toLowerCase()) && !trustForwarded),
  );
  const has = (wanted: string) => kept.some(([name]) => name.toLowerCase() === wanted);

  const client = request.socket.remoteAddress ?? 'unknown';
  const set = kept.filter(([name]) => name.toLowerCase() !== 'x-forwarded-for');
  const chain = kept.filter(([name]) => name.toLowerCase() === 'x-forwarded-for').map(([, value]) => value);
  set.push(['X-Forwarded-For', [...chain, client].join(', ')]);
  if (!has('x-forwarded-proto'))
    set.push(['X-Forwarded-Proto', request.socket instanceof TLSSocket ? 'https' : 'http']);
  if (!has('x-forwarded-host') && request.headers.host !== undefined) {
    set.push(['X-Forwarded-Host', request.headers.host]);
  }
  // Without it Node would announce a chunked body to the upstream for a method that may have one.
  if (!hasFraming(request) && request.method !== 'GET' && request.method !== 'HEAD') set.push(['Content-Length', '0']);
  return set.flat();
};

/** The headers of the answer as the client gets them. How its body is framed is decided anew for the client. */
export const clientHeaders = (answer: IncomingMessage): string[] => {
  const dropped = perConnection(answer);
  return pairs(answer.rawHeaders)
    .filter(([name]) => !dropped.has(name.toLowerCase()) && name.toLowerCase() !== 'transfer-encoding')
    .flat();
};

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Two Host headers would let the proxy and the upstream each believe another one. */
export const hasOneHost = (request: IncomingMessage): boolean =>
  pairs(request.rawHeaders).filter(([name]) => name.toLowerCase() === 'host').length <= 1;

const hasFraming = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;

const perConnection = ({ headers }: IncomingMessage): Set<string> => {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  // Nobody may have these taken away by naming them: they decide where the message ends and whom it is for.
  const framing = new Set(['content-length', 'host', 'transfer-encoding']);
  return new Set([...hopByHop, ...named.filter((name) => !framing.has(name))]);
};

const pairs = (raw: readonly string[]): [string, string][] =>
  Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? '']);
