import type { Builder, BuildOrder, BuiltImage, CommitId, PortError, StepKey } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { type Call, call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';
import type { Shape } from '../shape.ts';
import { commitOf, digestOf, type Engine, pullableOf, type SimImage } from './engine.ts';

type Answer = (answer: E.Either<PortError, BuiltImage>) => void;

/** Builds that this engine knows of, by key: a second order of the same key waits for the first. */
export type Builds = Readonly<{
  made: Map<StepKey, SimImage>;
  underWay: Map<StepKey, Answer[]>;
}>;

export const createBuilds = (): Builds => ({ made: new Map(), underWay: new Map() });

export const simBuilder = (lab: Lab, engine: Engine, builds: Builds, shape: Shape, process: Process): Builder => {
  const ask = <A>(operation: string, key: StepKey, carryOut: Call<A>['carryOut'], cancel?: Call<A>['cancel']) =>
    call(lab, process, {
      operation: `builder.${operation}`,
      subject: key,
      unreachable: 'builder/unreachable',
      carryOut,
      ...(cancel === undefined ? {} : { cancel }),
    });

  return {
    build:
      (order, tree, { onProgress, signal }) =>
      async () => {
        lab.fact({ type: 'issued', effect: 'build', deployment: order.deployment, key: order.key });
        const found = await ask<BuiltImage | null>('find', order.key, (answer) =>
          answer(E.right(existing(engine, builds, order.key))),
        )();
        if (E.isLeft(found)) return found;
        if (found.right !== null) return E.right(found.right);
        const source = await tree();
        if (E.isLeft(source)) return source;
        for await (const chunk of source.right) onProgress({ text: `${chunk.length} bytes` });

        const stop = () => void builds.underWay.delete(order.key);
        const build = (answer: Answer) => begin(lab, engine, builds, shape, order, answer);
        return await ask<BuiltImage>('build', order.key, build, { signal, code: 'builder/cancelled', stop })();
      },
  };
};

const existing = ({ here }: Engine, { made }: Builds, key: StepKey): BuiltImage | null => {
  const before = made.get(key);
  return before !== undefined && here.has(before.image.digest) ? before : null;
};

const begin = (lab: Lab, engine: Engine, builds: Builds, shape: Shape, order: BuildOrder, answer: Answer) => {
  const { key, commit } = order;
  const before = existing(engine, builds, key);
  if (before !== null) return answer(E.right(before));
  const waiting = builds.underWay.get(key);
  if (waiting !== undefined) return void waiting.push(answer);

  const answers = [answer];
  builds.underWay.set(key, answers);
  lab.fact({ type: 'build-began', order });
  const moment = lab.choices.at(`building ${key}`);
  const hangs = lab.fault(moment, 'build-hangs', 'builder.build');
  const takes = [1_000, 2_000, 3_000, 5_000, 8_000, 12_000, 25_000, 50_000][moment.pick('takes', 8)] ?? 1_000;
  const flakes = lab.fault(moment, 'build-flakes', 'builder.build');
  const lies = lab.fault(moment, 'build-lies', 'builder.build');
  if (hangs) return;
  lab.kernel.after(takes, () => {
    // Stopped meanwhile, and perhaps begun anew.
    if (builds.underWay.get(key) !== answers) return;
    builds.underWay.delete(key);
    const outcome = engine.traitsOf(commit).never
      ? E.left(failed)
      : flakes
        ? E.left(lostTouch)
        : E.right(finish(lab, engine, builds, shape, order, lies ? commitOf(`not ${commit}`) : commit));
    for (const one of answers) one(outcome);
  });
};

const finish = (
  lab: Lab,
  engine: Engine,
  builds: Builds,
  { reproducible, registry }: Shape,
  { key, inputs }: BuildOrder,
  commit: CommitId,
): BuiltImage => {
  const digest = digestOf(reproducible ? `${commit} ${JSON.stringify(inputs)}` : `${key} at ${lab.kernel.now()}`);
  const image = { name: `app:${commit.slice(0, 8)}`, digest, pullable: registry ? pullableOf(digest) : null };
  const made = { image, commit, runnable: inputs.preset !== 'static' || inputs.runnable };
  builds.made.set(key, made);
  engine.here.set(digest, made);
  engine.names.set(image.name, digest);
  if (registry) engine.registry.set(digest, made);
  lab.fact({ type: 'built', key, digest, commit });
  return made;
};

const failed: PortError = { kind: 'permanent', code: 'builder/failed', message: 'It does not compile.' };
const lostTouch: PortError = { kind: 'transient', code: 'builder/unreachable', message: 'The builder went away.' };
