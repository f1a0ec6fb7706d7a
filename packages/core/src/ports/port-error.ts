/** How a port says no. `transient` may succeed if tried again unchanged; `permanent` will not. */
export type PortError = Readonly<{
  kind: 'transient' | 'permanent';
  /** Stable, for programs: `images/unreachable`. */
  code: `${string}/${string}`;
  /** For the person at the screen: what failed, on what, and what to do. Never holds a secret. */
  message: string;
  cause?: unknown;
}>;
