/** Nothing gets traffic that was not found healthy in this very attempt, nor what is not there. */
import type { InstanceId } from '@recourse/core';
import type { Invariant, Scene } from './invariant.ts';

export const healthyFirst = ({ truth, engine }: Scene): Invariant => {
  const passed = new Set<InstanceId>();
  return {
    id: 'healthy-first',
    on: (fact) => {
      if (fact.type === 'health-told' && fact.healthy) passed.add(fact.instance.id);
      if (fact.type !== 'routed' || fact.route.upstream === null) return null;
      const { id } = fact.route.upstream;
      const { environment } = fact;
      if (!passed.has(id)) return `${environment} is pointed at ${id}, which never was healthy`;
      const instance = engine.instances.get(id);
      // A router that forgot its fences may be told anything; see one-live.
      if (instance === undefined || instance.stopping)
        return fact.forgot ? null : `${environment} is pointed at ${id}, which was stopped`;
      const { key, deployment } = instance.order;
      return truth.deployments.get(deployment)?.healthy.has(key)
        ? null
        : `${environment} is pointed at ${key}, whose health check is not recorded`;
    },
  };
};
