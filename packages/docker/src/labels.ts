/** What is written on everything that is ours, so that any worker can tell whose it is. Never a variable's value. */
import { Address, CommitId, DeploymentId, Digest, EnvironmentId, StepKey } from '@recourse/core';

export type Labels = Readonly<Record<string, string>>;

const KEY = 'recourse.key';
const DEPLOYMENT = 'recourse.deployment';
const ENVIRONMENT = 'recourse.environment';
const COMMIT = 'recourse.commit';
const DIGEST = 'recourse.digest';
const ATTEMPT = 'recourse.attempt';
const ADDRESS = 'recourse.address';
const CLAIM = 'recourse.claim';

type Owner = Readonly<{ key: StepKey; deployment: DeploymentId; environment: EnvironmentId }>;

const ownerLabels = ({ key, deployment, environment }: Owner): Labels => ({
  [KEY]: key,
  [DEPLOYMENT]: deployment,
  [ENVIRONMENT]: environment,
});

/** `address` stays this instance's own while it is down, when nothing listens there. */
export const containerLabels = (owner: Owner, digest: Digest, address: Address): Labels => ({
  ...ownerLabels(owner),
  [DIGEST]: digest,
  [ADDRESS]: `${address.host} ${address.port}`,
});

export const addressOf = (labels: Labels): Address | null => {
  const [host, port] = labels[ADDRESS]?.split(' ') ?? [];
  return Address.safeParse({ host, port: Number(port) }).data ?? null;
};

/** A container has its image's labels too, whatever these say. With these it is nobody's instance. */
export const claimLabels: Labels = { [DIGEST]: '', [CLAIM]: 'true' };

export const isClaim = (labels: Labels): boolean => labels[DIGEST] === '' && labels[CLAIM] === 'true';

/** `attempt` is unique to one call of `build`: what it leaves behind can be found without taking another's. */
export const imageLabels = (owner: Owner, commit: CommitId, attempt: string): Labels => ({
  ...ownerLabels(owner),
  [COMMIT]: commit,
  [ATTEMPT]: attempt,
});

/** To ask the engine for everything that is ours, or for what one key or one attempt has made. */
export const ours = KEY;
export const madeFor = (key: StepKey): string => `${KEY}=${key}`;
export const madeBy = (attempt: string): string => `${ATTEMPT}=${attempt}`;

export const keyOf = (labels: Labels): StepKey | null => StepKey.safeParse(labels[KEY]).data ?? null;

export const commitOf = (labels: Labels): CommitId | null => CommitId.safeParse(labels[COMMIT]).data ?? null;

/** Null if this is not the label of one of our containers, whole and well-formed. */
export const containerOwner = (labels: Labels): (Owner & Readonly<{ digest: Digest }>) | null => {
  const key = StepKey.safeParse(labels[KEY]);
  const deployment = DeploymentId.safeParse(labels[DEPLOYMENT]);
  const environment = EnvironmentId.safeParse(labels[ENVIRONMENT]);
  const digest = Digest.safeParse(labels[DIGEST]);
  if (!key.success || !deployment.success || !environment.success || !digest.success) return null;
  return { key: key.data, deployment: deployment.data, environment: environment.data, digest: digest.data };
};
