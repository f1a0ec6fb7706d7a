/** Those of a connection string: the client keeps them to itself, and it is given them again with each call. */
import type { Credentials } from './client.ts';

/** A server without security takes any, and wants none. */
export const credentialsIn = (connectionString: string): Credentials | undefined => {
  const [, user, password] = /^[^:]+:\/\/([^:@/]+):([^@]+)@/.exec(connectionString.trim()) ?? [];
  if (user !== undefined && password !== undefined) {
    return { username: decodeURIComponent(user), password: decodeURIComponent(password) };
  }
  return /[?&]tls=false(&|$)/i.test(connectionString) ? { username: 'anybody', password: '' } : undefined;
};
