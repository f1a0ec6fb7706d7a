/** How many requests each instance is serving. */
import type { EnvironmentId, InstanceId } from '@recourse/core';

export type Visits = Readonly<{
  /** One more, until what it returns is called; calling that again changes nothing. */
  enter: (environment: EnvironmentId, instance: InstanceId) => () => void;
  count: (environment: EnvironmentId, instance: InstanceId) => number;
}>;

export const visits = (): Visits => {
  const open = new Map<string, number>();
  const add = (key: string, change: number) => {
    const count = (open.get(key) ?? 0) + change;
    if (count === 0) open.delete(key);
    else open.set(key, count);
  };
  return {
    enter: (environment, instance) => {
      const key = keyOf(environment, instance);
      let inside = true;
      add(key, 1);
      return () => {
        if (inside) add(key, -1);
        inside = false;
      };
    },
    count: (environment, instance) => open.get(keyOf(environment, instance)) ?? 0,
  };
};

const keyOf = (environment: EnvironmentId, instance: InstanceId): string => `${environment}\n${instance}`;
