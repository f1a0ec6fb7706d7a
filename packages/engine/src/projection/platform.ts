/**
 * What the events of the whole store amount to, as far as an overview needs it: what is live in each environment, and
 * which deployments are open. Loose on purpose: an event that a newer release wrote is passed over, and stops nobody.
 */
import { DeploymentId, EnvironmentId, Instant, type StoredEvent, safelyParse } from '@recourse/core';
import { z } from 'zod';

const Live = z.object({ deployment: DeploymentId, since: Instant });
type Live = z.infer<typeof Live>;

export type Open = Readonly<{
  environment: EnvironmentId;
  /** When an event of it was last seen, by this process's own clock: clocks of other machines prove nothing. */
  heardAt: number;
  /** It only has to tidy up: write down that it is live, retire what it replaced. */
  wentLive: boolean;
}>;

export type Platform = Readonly<{
  environments: Map<EnvironmentId, Live | null>;
  open: Map<DeploymentId, Open>;
}>;

export const emptyPlatform = (): Platform => ({ environments: new Map(), open: new Map() });

/** Takes the next event in commit order in, seen at `now`. */
export const take = (platform: Platform, event: StoredEvent, now: number): void => {
  const environment = EnvironmentId.safeParse(after('environment-', event.stream));
  if (environment.success) takeOfEnvironment(platform, environment.data, event, now);
  const deployment = DeploymentId.safeParse(after('deployment-', event.stream));
  if (deployment.success) takeOfDeployment(platform, deployment.data, event, now);
};

const takeOfEnvironment = (
  { environments, open }: Platform,
  environment: EnvironmentId,
  { type, data, metadata }: StoredEvent,
  now: number,
): void => {
  if (!environments.has(environment)) environments.set(environment, null);
  if (type === 'Activated') {
    const deployment = DeploymentId.safeParse(field(field(data, 'release'), 'deployment'));
    if (!deployment.success) return;
    environments.set(environment, { deployment: deployment.data, since: metadata.recordedAt });
    const known = open.get(deployment.data);
    if (known !== undefined) open.set(deployment.data, { ...known, wentLive: true });
  }
  const named = DeploymentId.safeParse(field(data, 'deployment'));
  if (!named.success) return;
  if (type === 'SlotReleased') open.delete(named.data);
  // Also of one that was done: a worker that slept may stand it in line again, and somebody has to take it out.
  if (type === 'SlotRequested') open.set(named.data, { environment, heardAt: now, wentLive: false });
};

const takeOfDeployment = ({ open }: Platform, id: DeploymentId, { type, data }: StoredEvent, now: number): void => {
  const begins = type === 'DeploymentRequested' || type === 'RollbackRequested';
  const known = open.get(id);
  const environment = begins ? EnvironmentId.safeParse(field(data, 'environment')).data : known?.environment;
  if (environment !== undefined) open.set(id, { environment, heardAt: now, wentLive: known?.wentLive ?? false });
};

const after = (prefix: string, stream: string): string | null =>
  stream.startsWith(prefix) ? stream.slice(prefix.length) : null;

const field = (data: unknown, name: string): unknown =>
  typeof data === 'object' && data !== null && Object.hasOwn(data, name) ? Reflect.get(data, name) : undefined;

/** The platform as plain data. */
const Saved = z.object({
  environments: z.array(z.tuple([EnvironmentId, Live.nullable()])),
  open: z.array(z.tuple([DeploymentId, EnvironmentId, z.boolean()])),
});
export type Saved = z.infer<typeof Saved>;

export const toSaved = ({ environments, open }: Platform): Saved => ({
  environments: [...environments],
  open: [...open].map(([id, { environment, wentLive }]) => [id, environment, wentLive]),
});

/** Null if it is not what `toSaved` makes. What was open then may have been left by a crash: nobody was heard since. */
export const fromSaved = (saved: unknown): Platform | null => {
  const parsed = safelyParse(Saved, saved);
  if (!parsed.success) return null;
  const { environments, open } = parsed.data;
  const opened = ([id, environment, wentLive]: (typeof open)[number]) =>
    [id, { environment, heardAt: -Infinity, wentLive }] as const;
  return { environments: new Map(environments), open: new Map(open.map(opened)) };
};
