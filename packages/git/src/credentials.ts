/** Who we are to a remote. Reaches git by its environment only: never in an argument, a URL or the cache. */
import type { PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { refused } from './failures.ts';
import type { Remote } from './transport.ts';

export type GitCredentials =
  /** For https (and http). For a hosted token, the user name is what that host asks for, such as `x-access-token`. */
  | Readonly<{ username: string; password: string }>
  /** For ssh. Both are absolute paths; a host that is not in `knownHostsFile` is refused, never learned. */
  | Readonly<{ sshKeyFile: string; knownHostsFile: string }>;

/** What git is told of them, and what must never be told further. */
export type Identity = Readonly<{
  config: readonly (readonly [key: string, value: string])[];
  variables: Readonly<Record<string, string>>;
  secrets: readonly string[];
}>;

// No configuration of the user's own, no questions, no host taken on trust.
const ssh = 'ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20';

export const anonymous: Identity = { config: [], variables: { GIT_SSH_COMMAND: ssh }, secrets: [] };

export const identityFor = (
  { url, transport }: Remote,
  credentials: GitCredentials | undefined,
): E.Either<PortError, Identity> => {
  if (credentials === undefined) return E.right(anonymous);
  if ('password' in credentials) return web(transport) ? E.right(basic(url, credentials)) : unfit(transport);
  if (transport !== 'ssh') return unfit(transport);
  if (!plainPath.test(credentials.sshKeyFile) || !plainPath.test(credentials.knownHostsFile)) {
    return E.left(refused('sshKeyFile and knownHostsFile must be absolute paths without spaces, quotes or "%".'));
  }
  return E.right(byKey(credentials));
};

const web = (transport: Remote['transport']) => transport === 'https' || transport === 'http';

const unfit = (transport: Remote['transport']) =>
  E.left(refused(`The credentials given do not fit the transport "${transport}": https takes a password, ssh a key.`));

/** ssh splits and expands these values by itself: `%h`, `~`, blanks. */
const plainPath = /^\/[^\s"'\\%~$`]+$/;

const basic = (url: string, { username, password }: Readonly<{ username: string; password: string }>): Identity => {
  const token = Buffer.from(`${username}:${password}`).toString('base64');
  return {
    ...anonymous,
    // Bound to the origin, so that no other host is ever sent it.
    config: [[`http.${new URL(url).origin}/.extraHeader`, `Authorization: Basic ${token}`]],
    secrets: [token, password, encodeURIComponent(password)],
  };
};

/** git runs GIT_SSH_COMMAND by a shell; the paths are its variables, so no quoting of ours can be wrong. */
const byKey = (files: Readonly<{ sshKeyFile: string; knownHostsFile: string }>): Identity => ({
  ...anonymous,
  variables: {
    GIT_SSH_COMMAND: `${ssh} -o IdentitiesOnly=yes -o UserKnownHostsFile="$KNOWN_HOSTS_FILE" -i "$SSH_KEY_FILE"`,
    KNOWN_HOSTS_FILE: files.knownHostsFile,
    SSH_KEY_FILE: files.sshKeyFile,
  },
});
