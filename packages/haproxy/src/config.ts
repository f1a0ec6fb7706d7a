/** The configuration that the router needs, as text: to be written to a file as it is, or to be taken apart. */
import { fileURLToPath } from 'node:url';
import type { EnvironmentId } from '@recourse/core';
import { openTable } from './requests.ts';

/** The Lua file of this package, to be loaded with `lua-load`. */
export const luaFile: string = fileURLToPath(new URL('../lua/recourse.lua', import.meta.url));

export type HaproxyConfigOptions = Readonly<{
  /** As in a `bind` line: `*:80`, or `*:443 ssl crt /etc/ssl/site.pem alpn h2,http/1.1`. */
  bind: string;
  /** Where HAProxy makes its runtime socket: at most 100 characters. Who may write there may move traffic. */
  socketPath: string;
  /**
   * The routes, written on every switch and read when HAProxy starts. The file must exist (it may be empty), and
   * HAProxy's user must be able to write it and its folder.
   */
  routesFile: string;
  /** False: routes and fences live in HAProxy's memory only. Needed under `chroot`. Default true. */
  remember?: boolean;
  /** A sample expression that gives the environment of a request. Default `environmentByFirstLabel`. */
  environment?: string;
  /** Behind another trusted proxy: pass on what its `X-Forwarded-*` say, and add to them. Default false: replace. */
  trustForwarded?: boolean;
  limits?: Partial<HaproxyLimits>;
  luaFile?: string;
}>;

export type HaproxyLimits = Readonly<{
  /** Until a client has sent its headers. Default 15 s. */
  headersMs: number;
  /** How long an idle connection of a client is kept. Default 65 s. */
  keepAliveMs: number;
  /** Silence of a client in the middle of a request or an answer. Default 60 s. */
  clientMs: number;
  /** Until the instance accepts a connection. Default 5 s. */
  connectMs: number;
  /** Silence of the instance, before or in the middle of an answer: a stream has to send something in between. Default 60 s. */
  answerMs: number;
  /** Silence on an upgraded connection. Default 1 hour. */
  tunnelMs: number;
}>;

const defaults: HaproxyLimits = {
  headersMs: 15_000,
  keepAliveMs: 65_000,
  clientMs: 60_000,
  connectMs: 5_000,
  answerMs: 60_000,
  tunnelMs: 3_600_000,
};

/** `shop-production.example.com` is for the environment `shop-production`. */
export const environmentByFirstLabel = 'req.hdr(host),host_only,lower,field(1,.)';

/** By a map file of lines `<host name> <environment>`; HAProxy's `add map` changes it while it runs. */
export const environmentByHost = (file: string): string => `req.hdr(host),host_only,lower,map_str(${path(file)})`;

/** Everything that arrives is for one environment. */
export const onlyEnvironment = (environment: EnvironmentId): string => `str(${environment})`;

/** Throws a RangeError for a path that a configuration cannot hold as it is. */
export const haproxyConfig = (options: HaproxyConfigOptions): string =>
  [globalSection(options), defaultsSection({ ...defaults, ...options.limits }), frontend(options), backends].join('\n');

const globalSection = ({ socketPath, routesFile, remember = true, luaFile: lua = luaFile }: HaproxyConfigOptions) => `\
global
    stats socket ${path(socketPath)} mode 600 level operator
    stats maxconn 100
    setenv RECOURSE_ROUTES ${path(routesFile)}
    setenv RECOURSE_REMEMBER ${remember ? 'yes' : 'no'}
    lua-load ${path(lua)}
`;

const defaultsSection = (limits: HaproxyLimits) => `\
defaults recourse
    mode http
    option abortonclose
    timeout http-request ${limits.headersMs}ms
    timeout http-keep-alive ${limits.keepAliveMs}ms
    timeout client ${limits.clientMs}ms
    timeout connect ${limits.connectMs}ms
    timeout server ${limits.answerMs}ms
    timeout tunnel ${limits.tunnelMs}ms
`;

const frontend = ({
  bind,
  routesFile,
  environment = environmentByFirstLabel,
  trustForwarded,
}: HaproxyConfigOptions) => `\
frontend recourse from recourse
    bind ${line(bind)}
    http-request set-var(txn.environment) ${line(environment)}
    http-request set-var(txn.route) var(txn.environment),map_str(${path(routesFile)})
    # Counted first, then looked up again: a switch in between is seen, and one after it sees this request.
    http-request track-sc0 var(txn.route),field(1,|) table ${openTable} if { var(txn.route) -m found }
    http-request set-var(txn.again) var(txn.environment),map_str(${path(routesFile)})
    http-request track-sc1 var(txn.again),field(1,|) table ${openTable} unless { var(txn.again),strcmp(txn.route) eq 0 }
    http-request set-var(txn.route) var(txn.again)
    acl deployed var(txn.route),field(2,|) -m ip 0.0.0.0/0 ::/0
    http-request return status 503 content-type text/plain string "Nothing is deployed here." unless deployed
    http-request set-dst var(txn.route),field(2,|)
    http-request set-dst-port var(txn.route),field(3,|)
    acl websocket req.hdr(upgrade) -i websocket
    http-request del-header upgrade unless websocket
    http-request del-header connection unless websocket
    http-request del-header http2-settings
${trustForwarded === true ? trusting : replacing}
    option forwardfor
    acl repeatable method GET HEAD OPTIONS TRACE PUT DELETE
    acl with-body req.hdr_val(content-length) gt 0
    acl with-body req.hdr(transfer-encoding) -m found
    use_backend recourse_repeatable if repeatable !with-body !websocket
    default_backend recourse_once
`;

const replacing = `\
    http-request del-header forwarded
    http-request del-header x-forwarded-for
    http-request set-header x-forwarded-proto https if { ssl_fc }
    http-request set-header x-forwarded-proto http unless { ssl_fc }
    http-request set-header x-forwarded-host %[req.hdr(host)]`;

const trusting = `\
    http-request set-header x-forwarded-proto https if { ssl_fc } !{ req.hdr(x-forwarded-proto) -m found }
    http-request set-header x-forwarded-proto http if !{ ssl_fc } !{ req.hdr(x-forwarded-proto) -m found }
    http-request set-header x-forwarded-host %[req.hdr(host)] unless { req.hdr(x-forwarded-host) -m found }`;

/**
 * A server without an address of its own goes where the request was set to go. What may be sent twice is, if the
 * connection that this client's last request left open turns out to be closed. From a pool shared by all clients the
 * second attempt could get another closed one, so there is none. What may not be sent twice never travels on a kept
 * connection.
 */
const backends = `\
backend recourse_repeatable from recourse
    retry-on conn-failure empty-response
    http-reuse never
    server instance 0.0.0.0:0

backend recourse_once from recourse
    option http-server-close
    http-reuse never
    server instance 0.0.0.0:0

backend ${openTable} from recourse
    stick-table type string len 32 size 100k expire 1h store conn_cur
`;

const path = (text: string): string => {
  if (!/^[\w./@+-]+$/.test(text)) {
    throw new RangeError(
      `${JSON.stringify(text)} cannot stand in HAProxy's configuration: use letters, digits and ./@+-_`,
    );
  }
  return text;
};

const line = (text: string): string => {
  if (/[\r\n\0]/.test(text))
    throw new RangeError(`${JSON.stringify(text)} must be one line of HAProxy's configuration`);
  return text;
};
