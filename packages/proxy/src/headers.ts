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

/** Nobody may have these taken away by naming them in `Connection`: they decide where a message ends and whom it is for. */
const framing = new Set(['content-length', 'host', 'transfer-encoding']);

const forwarded = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

export type HeaderOptions = Readonly<{
  /** True behind another trusted proxy: what it says about the client is passed on and added to. */
  trustForwarded: boolean;
}>;

/** The headers of the request as the upstream gets them, without those that are about this connection. */
export const upstreamHeaders = (request: IncomingMessage, { trustForwarded }: HeaderOptions): string[] => {
  const { headers, method, socket } = request;
  const said = (name: string): string | undefined => {
    const value = trustForwarded ? headers[name] : undefined;
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const chain = said('x-forwarded-for');
  const client = socket.remoteAddress ?? 'unknown';

  const kept = endToEnd(request, trustForwarded ? replaced : forwarded);
  kept.push('X-Forwarded-For', chain === undefined ? client : `${chain}, ${client}`);
  kept.push('X-Forwarded-Proto', said('x-forwarded-proto') ?? (socket instanceof TLSSocket ? 'https' : 'http'));
  const host = said('x-forwarded-host') ?? headers.host;
  if (host !== undefined) kept.push('X-Forwarded-Host', host);
  // Without it Node would announce a chunked body to the upstream for a method that may have one.
  if (!isFramed(request) && method !== 'GET' && method !== 'HEAD') kept.push('Content-Length', '0');
  return kept;
};

/** `Forwarded` is another's to tell: behind a trusted proxy it is passed on as it is. */
const replaced = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

/** The headers of the answer as the client gets them. How its body is framed is decided anew for the client. */
export const clientHeaders = (answer: IncomingMessage): string[] => endToEnd(answer, answerFraming);

const answerFraming = new Set(['transfer-encoding']);

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * For one host, with a path of its own, and a body whose end is known: what the proxy and the upstream must understand
 * alike. Other targets (`http://…`, `*`) are for other kinds of proxy.
 */
export const isPlain = ({ url = '', rawHeaders, headers }: IncomingMessage): boolean => {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts += 1;
  return url.startsWith('/') && hosts <= 1 && (headers['transfer-encoding'] ?? 'chunked').toLowerCase() === 'chunked';
};

const isFramed = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;

/** As they came, without those of one connection, those that `Connection` names, and those in `others`. */
const endToEnd = ({ rawHeaders, headers }: IncomingMessage, others: ReadonlySet<string>): string[] => {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || others.has(lower)) continue;
    if (named.includes(lower) && !framing.has(lower)) continue;
    kept.push(name, value);
  }
  return kept;
};
