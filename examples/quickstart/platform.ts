import { type Rejection, renderRejection } from '@recourse/core';
import { createRecourse, orFault } from '@recourse/engine';
import { gitSources } from '@recourse/git';
import { localEngine } from '@recourse/local';
import { nodeHost } from '@recourse/node';
import { inProcessProxy, onlyEnvironment } from '@recourse/proxy';
import { openSqliteStore } from '@recourse/store-sqlite';
import type { Either } from 'fp-ts/lib/Either.js';
import { environment, folder, leaveNothing } from './shop.ts';

export const open = async () => {
  const sqlite = await orFault(openSqliteStore({ file: `${folder}/recourse.db` }));
  const proxy = inProcessProxy({ environmentOf: onlyEnvironment(environment) });
  const engine = localEngine({ directory: `${folder}/engine` });
  const recourse = createRecourse({
    ...sqlite, // store, snapshots, queue
    ...engine, // images, builder, runtime
    ...nodeHost({ secrets: { variables: process.env, fingerprintKey: 'sixteen characters or more' } }),
    sources: gitSources({ cacheDirectory: `${folder}/git`, allowedTransports: ['file'] }),
    router: proxy.router,
  });
  const worker = recourse.work();
  const { port } = await proxy.listen({ port: 0 });
  return {
    recourse,
    served: async () => (await fetch(`http://127.0.0.1:${port}/`)).text(),
    close: async () => {
      await worker.stop();
      await proxy.close();
      sqlite.close();
      await leaveNothing(engine.runtime);
    },
  };
};

/** A refusal is a value. Here it ends the example; a platform would show it. */
export const answered = <A>(answer: Either<Rejection, A>): A => {
  if (answer._tag === 'Right') return answer.right;
  const { message, remedy } = renderRejection(answer.left);
  throw new Error(`${message} ${remedy}`);
};
