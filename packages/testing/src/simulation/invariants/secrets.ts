/** No secret is in an event, an error, a message, a label or an order of a build. */
import { CANARY } from '../ports/secrets.ts';
import type { Invariant } from './invariant.ts';

export const secrets = (): Invariant => ({
  id: 'secrets',
  on: (fact) => {
    switch (fact.type) {
      case 'appended':
        return fact.json.includes(CANARY) ? `${fact.event.type} in ${fact.stored.stream} holds a secret` : null;
      case 'told':
        return fact.text.includes(CANARY) ? `${fact.where} holds a secret` : null;
      case 'build-began':
        return JSON.stringify(fact.order).includes(CANARY) ? `the build ${fact.order.key} was given a secret` : null;
      case 'snapshot-saved':
        return JSON.stringify(fact.snapshot).includes(CANARY) ? `the snapshot ${fact.key} holds a secret` : null;
      default:
        return null;
    }
  },
});
