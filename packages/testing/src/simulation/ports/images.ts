import type { Finding, Image, Images, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { type Call, call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';
import type { Engine } from './engine.ts';

export const simImages = (lab: Lab, engine: Engine, process: Process): Images => {
  const ask = <A>(operation: string, subject: string, carryOut: Call<A>['carryOut'], cancel?: Call<A>['cancel']) =>
    call(lab, process, {
      operation: `images.${operation}`,
      subject,
      unreachable: 'images/unreachable',
      carryOut,
      ...(cancel === undefined ? {} : { cancel }),
    });

  return {
    probe: (image) =>
      ask('probe', short(image), (answer) => {
        const finding = findingOf(engine, image);
        lab.fact({ type: 'looked', digest: image.digest, finding });
        answer(E.right(finding));
      }),

    pull: (image, signal) => {
      let stopped = false;
      const stop = () => {
        stopped = true;
      };
      const pulling: Call<void>['carryOut'] = (answer) =>
        lab.kernel.after(500, () => {
          if (stopped) return;
          const found = engine.registry.get(image.digest);
          if (found === undefined) return answer(E.left(notFound(image.name)));
          engine.here.set(image.digest, found);
          answer(E.right(undefined));
        });
      return ask('pull', short(image), pulling, { signal, code: 'images/unreachable', stop });
    },

    resolve: (reference) =>
      ask('resolve', reference, (answer) => {
        const digest = engine.names.get(reference);
        const found = digest && (engine.here.get(digest) ?? engine.registry.get(digest));
        if (!found) return answer(E.left(notFound(reference)));
        engine.here.set(found.image.digest, found);
        answer(E.right(found.image));
      }),

    remove: (digest) =>
      ask('remove', digest.slice(7, 15), (answer) => {
        engine.prune(digest);
        answer(E.right(undefined));
      }),

    list: () => ask('list', '', (answer) => answer(E.right([...engine.here.values()].map(({ image }) => image)))),
  };
};

export const findingOf = ({ here, registry, names }: Engine, { digest, name }: Image): Finding => {
  if (here.has(digest)) return 'present';
  if (registry.has(digest)) return 'in-registry';
  const meant = names.get(name);
  return meant !== undefined && meant !== digest ? 'changed' : 'absent';
};

const short = ({ digest }: Image): string => digest.slice(7, 15);

const notFound = (what: string): PortError => ({
  kind: 'permanent',
  code: 'images/not-found',
  message: `Nobody has ${what} any more.`,
});
