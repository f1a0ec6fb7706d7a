/** Gives the orders: at its own pace, to any process, some of them twice. */
import type { EnvironmentId, Rejection, RollbackPlan } from '@recourse/core';
import { Fault, type Recourse } from '@recourse/engine';
import type { Either } from 'fp-ts/lib/Either.js';
import * as E from 'fp-ts/lib/Either.js';
import type { Lab } from '../lab.ts';
import { commitOf } from '../ports/engine.ts';
import type { Branches } from '../ports/sources.ts';
import type { Process } from '../process.ts';
import type { Shape } from '../shape.ts';
import type { Truth } from '../truth.ts';
import { drawOrder, finalOrder, type Order, repository, settledOrder } from './orders.ts';

/** A process that is up, and the library in it. */
export type Running = Readonly<{ process: Process; recourse: Recourse }>;

export type Operator = Readonly<{
  /** Gives every order; calls back when the last one is given. */
  begin(done: () => void): void;
  /** One more order for every environment. */
  finish(): void;
}>;

export const createOperator = (
  lab: Lab,
  shape: Shape,
  truth: Truth,
  branches: Branches,
  running: () => readonly Running[],
): Operator => {
  const knownIn = (environment: EnvironmentId): readonly string[] =>
    [...truth.deployments.values()].flatMap(({ id, request }) => (request.environment === environment ? [id] : []));

  const give = (order: Order, which: string) => {
    const up = running();
    const chosen = up[lab.choices.at(`${order.name} ${which}`).pick('process', up.length)];
    if (chosen === undefined) return;
    const { process, recourse } = chosen;
    process.deliver(() => {
      lab.trace.note(process.name, `is asked: ${order.name} (${order.type} in ${order.environment}), ${which}`);
      lab.fact({ type: 'ordered', order });
      const pause = (ms: number) =>
        new Promise<void>((resolve) => lab.kernel.after(ms, () => process.deliver(resolve)));
      const agree = (plan: RollbackPlan) => {
        if (order.makes !== null) lab.fact({ type: 'agreed', makes: order.makes, plan });
      };
      order.give(recourse, { pause, agree }).then(
        (answer) => answered(lab, order, process, answer, () => follow(order, which, answer)),
        (error: unknown) => {
          if (!(error instanceof Fault)) lab.defect(`${order.type} threw: ${String(error)}`);
        },
      );
    });
  };

  /** Some wait for the end of what they asked for. */
  const follow = (order: Order, which: string, answer: Either<Rejection, unknown>) => {
    if (order.type === 'settled' || order.makes === null || E.isLeft(answer)) return;
    if (lab.choices.at(`${order.name} ${which} followed`).pick('follow', 3) === 1)
      give(settledOrder(order, order.makes), which);
  };

  const draw = (index: number): void => {
    const name = `c${index}`;
    const moment = lab.choices.at(`order ${index}`);
    const environment = shape.environments[moment.pick('environment', shape.environments.length)];
    if (environment === undefined) return;
    const pushed = () => {
      const commit = commitOf(`pushed ${index}`);
      branches.set(`${repository} main`, commit);
      return commit;
    };
    const order = drawOrder({ name, environment, moment, known: knownIn(environment), push: pushed });
    if (order === null) return;
    give(order, 'first');
    for (let copy = 0; copy < moment.pick('copies', 6) - 2; copy++)
      lab.kernel.after([0, 3, 400, 6_000][moment.pick(`copy ${copy}`, 4)] ?? 0, () => give(order, `copy ${copy}`));
  };

  const begin = (done: () => void, index = 0) => {
    if (index === shape.orders) {
      done();
      return;
    }
    draw(index);
    const pause = lab.choices.at(`pause ${index}`).pick('pause', 6);
    lab.kernel.after(shape.paceMs * ([1, 1, 0, 0, 2, 5][pause] ?? 1), () => begin(done, index + 1));
  };

  return {
    begin: (done) => begin(done),
    finish: () => {
      for (const environment of shape.environments) give(finalOrder(environment), 'at the end');
    },
  };
};

const answered = (
  lab: Lab,
  order: Order,
  process: Process,
  answer: Either<Rejection, unknown>,
  then: () => void,
): void => {
  lab.trace.note(process.name, `answers ${order.name}: ${E.isLeft(answer) ? answer.left.code : 'yes'}`);
  if (E.isLeft(answer)) {
    lab.saw(`refused: ${answer.left.code}`);
    lab.fact({ type: 'told', where: `refusal ${answer.left.code}`, text: JSON.stringify(answer.left) });
  }
  lab.fact({ type: 'answered', order, answer });
  then();
};
