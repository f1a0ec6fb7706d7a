/**
 * A platform's backend in one file: `platform.ts api` answers people, `platform.ts worker` does the work. Any number of
 * processes of either, over one PostgreSQL; they may be killed at any moment.
 */
import { serve } from '@hono/node-server';
import { type Rejection, renderRejection } from '@recourse/core';
import { createRecourse, Fault, orFault } from '@recourse/engine';
import { gitSources } from '@recourse/git';
import { haproxyRouter } from '@recourse/haproxy';
import { localEngine } from '@recourse/local';
import { nodeHost } from '@recourse/node';
import { openBullmqQueue } from '@recourse/queue-bullmq';
import { openPgBossQueue } from '@recourse/queue-pgboss';
import { openPostgresStore } from '@recourse/store-postgres';
import type { Either } from 'fp-ts/lib/Either.js';
import { type Context, Hono } from 'hono';
import { readSettings, type Settings } from './settings.ts';
import { workload } from './shop.ts';

/** Which engines it stands on is said here, and nowhere else. */
export const openPlatform = async ({ postgresUrl, redis, haproxySocket, folder }: Settings) => {
  const postgres = await orFault(openPostgresStore({ connection: postgresUrl }));
  const queue = await orFault(
    redis === null
      ? openPgBossQueue({ connection: postgresUrl })
      : openBullmqQueue({ connection: redis.url, prefix: redis.prefix }),
  );
  const options = {
    ...postgres, // store, snapshots
    ...queue,
    ...localEngine({ directory: `${folder}/engine` }),
    ...nodeHost({ secrets: { variables: process.env, fingerprintKey: 'sixteen characters or more' } }),
    sources: gitSources({ cacheDirectory: `${folder}/git`, allowedTransports: ['file'] }),
    router: haproxyRouter({ socketPath: haproxySocket }),
    sweepEveryMs: 2_000,
  };
  return {
    recourse: createRecourse(options),
    options,
    close: async () => {
      await queue.close();
      await postgres.close();
    },
  };
};

type Platform = Awaited<ReturnType<typeof openPlatform>>;

const api = ({ recourse }: Platform): Hono => {
  const app = new Hono();
  const asked = async (context: Context) => ({
    environment: context.req.param('environment') ?? '',
    actor: context.req.header('x-user') ?? 'anonymous',
    // Whoever is not sure that a request arrived sends it again with the same key: it is one deployment.
    ...commandOf(context.req.header('idempotency-key')),
    ...(await context.req.json<object>()),
  });

  app.post('/environments/:environment/deployments', async (context) => {
    const { repository, commit, ...order } = Object(await asked(context));
    const source = { kind: 'git', repository, commit } as const;
    return answer(context, await recourse.deploy({ ...order, source, workload }), 202);
  });
  app.post('/environments/:environment/rollbacks', async (context) =>
    answer(context, await recourse.rollback(await asked(context)), 202),
  );
  app.get('/environments', async (context) => context.json(await recourse.environments()));
  app.get('/environments/:environment/history', async (context) =>
    answer(context, await recourse.history({ environment: context.req.param('environment') })),
  );
  app.get('/deployments/:deployment/settled', async (context) =>
    answer(context, await recourse.settled(context.req.param('deployment'))),
  );
  app.onError((error, context) => {
    if (!(error instanceof Fault)) throw error;
    return context.json({ code: error.code, message: error.message }, 503);
  });
  return app;
};

const commandOf = (commandId: string | undefined) => (commandId === undefined ? {} : { commandId });

/** A refusal is a value, with what to do about it. */
const answer = <A>(context: Context, either: Either<Rejection, A>, status: 200 | 202 = 200) =>
  either._tag === 'Right'
    ? context.json({ answer: either.right }, status)
    : context.json({ ...renderRejection(either.left), code: either.left.code }, 409);

const main = async (role: string | undefined) => {
  const platform = await openPlatform(readSettings(process.env));
  if (role === 'api') {
    const server = serve({ fetch: api(platform).fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
      console.log(port);
    });
    process.once('SIGTERM', () => server.close(() => void platform.close()));
  } else {
    const worker = platform.recourse.work({ concurrency: 4 });
    console.log('working');
    process.once('SIGTERM', async () => {
      await worker.stop({ graceMs: 10_000 });
      await platform.close();
    });
  }
};

if (import.meta.main) await main(process.argv[2]);
