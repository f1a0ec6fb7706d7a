/** One command id is one deployment and one answer; what is refused leaves no trace; what is told at the end is true. */
import type { Rejection } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Fact } from '../facts.ts';
import type { Invariant, Scene } from './invariant.ts';

export const commands = ({ truth, log, readsLag }: Scene): Invariant => {
  /** The length of the log when the first copy that came through had been recorded. */
  const asked = new Map<string, number>();
  const requestOf = (id: string) => log.stream(`deployment-${id}`)[0];

  const refusalProblem = (made: string, rejection: Rejection, order: string): string | null => {
    const request = requestOf(made);
    if (rejection.code === 'EnvironmentBusy' && rejection.with === made) return `${order} is told to wait for itself`;
    if (rejection.code === 'AlreadyLive' && rejection.live === made) return `${order} is refused because it went live`;
    if (request === undefined || readsLag) return null;
    const before = asked.get(order) ?? Number.POSITIVE_INFINITY;
    return Number(request.position) < before
      ? `a copy of ${order} is refused (${rejection.code}), though ${made} was recorded before`
      : null;
  };

  const settledProblem = (made: string, told: unknown): string | null => {
    const known = [...truth.deployments.values()].find(({ id }) => id === made);
    const is = known?.ending ?? (known?.promoted ? 'live' : 'open');
    return told === is ? null : `${made} was told to be ${String(told)}, and is ${is}`;
  };

  const answerProblem = ({ order, answer }: Extract<Fact, { type: 'answered' }>): string | null => {
    const { type, makes, name } = order;
    if (makes === null) return null;
    if (type === 'settled')
      return E.isRight(answer)
        ? settledProblem(makes, answer.right)
        : readsLag
          ? null
          : `${makes} is not found any more`;
    if (E.isLeft(answer)) return refusalProblem(makes, answer.left, name);
    return requestOf(makes) === undefined ? `${name} is accepted, but ${makes} was never recorded` : null;
  };

  return {
    id: 'commands',
    on: (fact) => {
      if (fact.type === 'ordered') asked.set(fact.order.name, log.all.length);
      return fact.type === 'answered' ? answerProblem(fact) : null;
    },
  };
};
