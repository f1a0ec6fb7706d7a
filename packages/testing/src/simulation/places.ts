/**
 * Where a deployment is when something is asked for on its behalf: with the operation and the fault, what a campaign can
 * say it has tried.
 */
import type { DeploymentTruth, EnvironmentTruth, Truth } from './truth.ts';

export type Places = Readonly<{
  /** `healthy store.append StepStarted`: the place of whatever the subject of a call is about, and the operation. */
  of(subject: string, operation: string): string;
}>;

type About = DeploymentTruth | EnvironmentTruth;

export const createPlaces = (truth: Truth): Places => {
  /** Subjects are names and keys that begin with a name; what one is about never changes. */
  const known = new Map<string, About>();
  const aboutOf = (subject: string): About | undefined => {
    const about = known.get(subject) ?? find(truth, subject);
    if (about !== undefined) known.set(subject, about);
    return about;
  };
  return {
    of: (subject, operation) => {
      const about = aboutOf(subject);
      return about === undefined ? operation : `${placeOf(about, truth)} ${operation}`;
    },
  };
};

const find = ({ deployments, environments }: Truth, subject: string): About | undefined => {
  const name = subject.replace(/^(?:deployment|environment)-/, '');
  const names = (id: string) => name === id || name.startsWith(`${id}-`) || name.startsWith(`${id} `);
  for (const [id, one] of deployments) if (names(id)) return one;
  for (const [id, one] of environments) if (names(id)) return one;
  return undefined;
};

const placeOf = (about: About, truth: Truth): string => {
  if ('request' in about) return deploymentPlace(about, truth);
  const holder = about.slot && truth.deployments.get(about.slot.deployment);
  return holder ? `[${deploymentPlace(holder, truth)}]` : '[free]';
};

const deploymentPlace = (
  { id, request, ending, promoted, retired, intents, healthy, instance, images, scheduled, fence }: DeploymentTruth,
  { environments }: Truth,
): string => {
  if (ending !== null) return ending;
  if (promoted) return retired ? 'retired' : 'live';
  const slot = environments.get(request.environment)?.slot;
  if (slot?.deployment === id && slot.restoreFence !== null) return 'aborting';
  if ([...intents].some((intent) => intent.startsWith('promote '))) return 'promoting';
  if (healthy.size > 0) return 'healthy';
  if (instance !== null) return 'started';
  if (images.size > 0) return 'acquired';
  if (scheduled !== null) return 'scheduled';
  return fence === null ? 'waiting' : 'admitted';
};
