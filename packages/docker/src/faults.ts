/** What a fault of the engine means to the caller of a port. */
import type { PortError } from '@recourse/core';
import type { EngineFault } from './api/connection.ts';

type Port = 'images' | 'builder' | 'runtime';

/** For whatever is not an answer. `what` was tried: the subject of a sentence. */
export const portError =
  (port: Port, what: string) =>
  (fault: EngineFault): PortError =>
    fault.cancelled ? cancelled(port, what) : unreachable(port, what, fault);

export const cancelled = (port: Port, what: string): PortError => ({
  kind: 'transient',
  code: `${port}/cancelled`,
  message: `${what} was cancelled.`,
});

const unreachable = (port: Port, what: string, { status, message }: EngineFault): PortError => ({
  kind: 'transient',
  code: `${port}/unreachable`,
  message:
    status === null
      ? `${what} failed: the Docker engine could not be asked (${message}). Is it running, and is this its socket?`
      : `${what} failed: the Docker engine answered ${status}, ${message}`,
});

export const permanent = (code: PortError['code'], message: string): PortError => ({
  kind: 'permanent',
  code,
  message,
});
