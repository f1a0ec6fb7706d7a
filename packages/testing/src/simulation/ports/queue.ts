/** The simulated queue: at-least-once, in any order, at any time, or never. One for all processes. */

import type { WakeUp, WorkQueue } from '@recourse/core';
import { Fault } from '@recourse/engine';
import * as E from 'fp-ts/lib/Either.js';
import { call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';

/** After this a message whose handler was not heard of is given to somebody else. */
const VISIBILITY_MS = 25_000;
const AGAIN_MS = 1_000;

type Consumer = Readonly<{
  process: Process;
  concurrency: number;
  handle: (message: unknown) => Promise<void>;
  busy: Set<string>;
  ended(): boolean;
  idle(): void;
}>;

export type Broker = Readonly<{
  /** A message becomes visible now. */
  arrive(message: WakeUp): void;
  consume(consumer: Consumer): void;
  waiting(): number;
}>;

export const createBroker = (lab: Lab): Broker => {
  const ready: WakeUp[] = [];
  const consumers = new Set<Consumer>();
  const { kernel } = lab;

  const dispatch = () => {
    for (const consumer of consumers) if (!consumer.process.alive() || consumer.ended()) consumers.delete(consumer);
    for (let at = 0; at < ready.length; ) {
      const message = ready[at];
      const consumer = message && free(message);
      if (message === undefined || consumer === undefined) at++;
      else {
        ready.splice(at, 1);
        give(message, consumer);
      }
    }
  };

  const free = ({ deploymentId }: WakeUp): Consumer | undefined => {
    const able = [...consumers].filter(
      ({ process, busy, concurrency }) =>
        process.frozenUntil() <= kernel.now() && busy.size < concurrency && !busy.has(deploymentId),
    );
    return able[lab.choices.at(`consumer of ${deploymentId}`).pick('which', able.length)];
  };

  const give = (message: WakeUp, consumer: Consumer) => {
    const { process, busy, handle } = consumer;
    let over = false;
    const again = (ms: number) => {
      if (over) return;
      over = true;
      kernel.after(ms, () => arrive(message));
    };
    busy.add(message.deploymentId);
    const lapse = () => {
      if (over) return;
      if (!process.alive() || process.frozenUntil() > kernel.now()) {
        lab.saw('a message was given to somebody else');
        return again(0);
      }
      kernel.after(VISIBILITY_MS, lapse);
    };
    kernel.after(VISIBILITY_MS, lapse);
    const done = () => {
      busy.delete(message.deploymentId);
      if (consumer.ended() && busy.size === 0) consumer.idle();
      kernel.after(0, dispatch);
    };
    kernel.after(1, () => {
      if (!process.alive()) return again(AGAIN_MS);
      process.deliver(() => {
        lab.trace.note(process.name, `is woken for ${message.deploymentId}`);
        handle(message).then(
          () => {
            over = true;
            done();
          },
          (error: unknown) => {
            if (!(error instanceof Fault)) lab.defect(`a worker threw: ${String(error)}`);
            again(AGAIN_MS);
            done();
          },
        );
      });
    });
  };

  const arrive = (message: WakeUp) => {
    ready.push(message);
    dispatch();
  };

  return {
    arrive,
    consume: (consumer) => {
      consumers.add(consumer);
      dispatch();
    },
    waiting: () => ready.length,
  };
};

export const simQueue = (lab: Lab, broker: Broker, deaf: boolean, process: Process): WorkQueue => ({
  enqueue: (message, { delayMs = 0 } = {}) =>
    call<void>(lab, process, {
      operation: 'queue.enqueue',
      subject: message.deploymentId,
      unreachable: 'queue/unavailable',
      carryOut: (answer) => {
        answer(E.right(undefined));
        travel(lab, broker, deaf, message, delayMs);
      },
    }),

  consume:
    ({ concurrency, signal }, handle) =>
    () =>
      new Promise((resolve) => {
        const busy = new Set<string>();
        let ended = false;
        const idle = () => process.deliver(() => resolve(E.right(undefined)));
        signal.addEventListener('abort', () => {
          ended = true;
          if (busy.size === 0) lab.kernel.after(0, idle);
        });
        broker.consume({ process, concurrency, handle, busy, ended: () => ended, idle });
      }),
});

const travel = (lab: Lab, broker: Broker, deaf: boolean, message: WakeUp, delayMs: number): void => {
  const moment = lab.choices.at(`message ${message.deploymentId}`);
  const operation = 'queue.enqueue';
  if (lab.fault(moment, 'message-lost', operation)) return;
  if (deaf && moment.pick('heard', 10) !== 0) return;
  const late = 10_000 * lab.severity(moment, 'message-delayed', operation, 10);
  lab.kernel.after(delayMs + late + 1, () => broker.arrive(message));
  if (lab.fault(moment, 'message-doubled', operation))
    lab.kernel.after(delayMs + 1_000 * moment.pick('second', 20), () => broker.arrive(message));
};
