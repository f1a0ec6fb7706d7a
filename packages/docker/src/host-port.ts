/**
 * Which port of this host an instance is published on. Chosen here and not left to the engine, because a port that the
 * engine chooses is another one after each restart, and the router would go on pointing at the old one.
 */
import { createHash } from 'node:crypto';

/** Inclusive. Outside the range that the kernel takes for outgoing connections, or a restart may find it in use. */
export type PortRange = Readonly<{ from: number; to: number }>;

export const defaultPorts: PortRange = { from: 20_000, to: 29_999 };

/**
 * The first port not in `taken`, from a place that the key decides: two workers that start different keys at once
 * rarely meet. Null if all are taken.
 */
export const choosePort = ({ from, to }: PortRange, key: string, taken: ReadonlySet<number>): number | null => {
  const count = to - from + 1;
  const first = createHash('sha256').update(key).digest().readUInt32BE() % count;
  for (let step = 0; step < count; step++) {
    const port = from + ((first + step) % count);
    if (!taken.has(port)) return port;
  }
  return null;
};
