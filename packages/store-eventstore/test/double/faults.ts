/** What a server, or the way to it, does once in a while; here, when it is told to. */
import { status } from '@grpc/grpc-js';
import { failed } from './wire.ts';

/** Taken one a call, the oldest first; a call that finds none is served. */
export type Fault =
  /** The connection ends, with nothing done. */
  | 'cut-before'
  /** It is done, and then the connection ends, with nothing told. */
  | 'cut-after'
  /** Nothing is done, and nothing is told. */
  | 'hang'
  | 'not-leader'
  | 'denied'
  /** As when other nodes did not answer: nothing is done. */
  | 'commit-timeout'
  | 'busy';

export const errorOf = (fault: Exclude<Fault, 'cut-before' | 'cut-after' | 'hang'>, port: number) => {
  switch (fault) {
    case 'not-leader': {
      const leader = { 'leader-endpoint-host': '127.0.0.1', 'leader-endpoint-port': String(port) };
      return failed(status.NOT_FOUND, 'not-leader', 'Leader info available', leader);
    }
    case 'denied':
      return failed(status.PERMISSION_DENIED, 'access-denied', 'Access Denied');
    case 'commit-timeout':
      return failed(status.ABORTED, '', 'Operation timed out');
    case 'busy':
      return failed(status.UNAVAILABLE, '', 'Server Is Too Busy');
  }
};
