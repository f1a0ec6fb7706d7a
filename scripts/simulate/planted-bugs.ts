/**
 * Bugs that somebody could make in good faith, each as a change of one place in the library's source. Those marked
 * `real` are no invention: the simulated world found them, and they were fixed.
 */
import type { ProfileName } from '../../packages/testing/src/simulation/faults.ts';
import type { Change } from './planting.ts';

export type PlantedBug = Change &
  Readonly<{
    name: string;
    /** What the code does then. */
    says: string;
    real?: boolean;
    /** The one profile that can show it. */
    under?: ProfileName;
    /** Why nobody can see it from outside, for one that a net below it makes harmless. */
    hidden?: string;
  }>;

const decideEnvironment = 'packages/core/src/environment/decide.ts';
const admission = 'packages/core/src/environment/admission.ts';
const environment = 'packages/core/src/environment/environment.ts';
const decideDeployment = 'packages/core/src/deployment/decide.ts';
const decideRestore = 'packages/core/src/deployment/decide-restore.ts';
const next = 'packages/core/src/deployment/next.ts';
const planRollback = 'packages/core/src/rollback/plan-rollback.ts';
const engine = (file: string): string => `packages/engine/src/${file}`;
const twin = (file: string): string => `packages/testing/src/simulation/ports/${file}`;

const noReaper: Change = {
  file: engine('sweep/sweeper.ts'),
  from: `if (sweep % REAP_EVERY_SWEEPS === 0)`,
  to: `if (sweep % REAP_EVERY_SWEEPS < 0)`,
};
const noSweeper: Change = {
  file: engine('sweep/sweeper.ts'),
  from: `        await outlasting(wakeForgotten);`,
  to: `        await outlasting(() => overview.follow());`,
};

/** What makes good the mistakes of everything else, and so hides them. */
export const nets: readonly (Change & Readonly<{ net: string }>)[] = [
  { net: 'sweeper', ...noSweeper },
  { net: 'reaper', ...noReaper },
];

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'activate-without-slot',
    says: 'a deployment is activated whoever holds the slot',
    file: decideEnvironment,
    from: `      if (slot?.deployment !== deployment || slot.fence !== fence || slot.phase !== 'taken')
        return staleFence(state, fence);
`,
    to: '',
  },
  {
    name: 'activate-while-aborting',
    says: 'a promotion that is being aborted may still be activated',
    file: decideEnvironment,
    from: ` || slot.phase !== 'taken')`,
    to: ')',
  },
  {
    name: 'slot-taken-twice',
    says: 'a slot that is held may be taken',
    file: admission,
    from: `  if (slot !== null) return { type: givesWay(slot, candidate) ? 'Preempt' : 'Behind', holder: slot.deployment };
`,
    to: '',
  },
  {
    name: 'fence-stands-still',
    says: 'the slot is taken under the fence of the one before',
    file: decideEnvironment,
    from: `fence: Fence.parse(state.fence + 1) }];`,
    to: `fence: Fence.parse(Math.max(1, state.fence)) }];`,
  },
  {
    name: 'restore-under-old-fence',
    says: 'traffic is put back under the fence of the promotion that is aborted',
    file: next,
    from: `upstream, fence: slot.restoreFence }`,
    to: `upstream, fence: slot.fence }`,
  },
  {
    name: 'second-turn',
    says: 'a deployment that had its turn may have another one',
    file: environment,
    from: `  state.released.includes(deployment) || wasLive(deployment, state);`,
    to: `  deployment.length === 0 && wasLive(deployment, state);`,
  },
  {
    name: 'older-replaces-live',
    says: 'what is live does not supersede what was asked for before it',
    file: admission,
    from: `  if (live !== null && live.order > candidate.order) return live.release.deployment;
`,
    to: `  if (live !== null && live.order < 0) return live.release.deployment;
`,
  },
  {
    name: 'hold-is-ignored',
    says: 'a push after a rollback does not wait',
    file: admission,
    from: `  if (candidate.automatic && heldBy !== null) return { type: 'Held', by: heldBy };
`,
    to: '',
  },
  {
    name: 'line-at-the-wake-up',
    says: 'a deployment stands in line when its wake-up arrives, not when it is recorded',
    file: engine('request.ts'),
    from: `  if (ending === null && !promoted) {`,
    to: `  if (ending === null && promoted) {`,
    real: true,
  },
  {
    name: 'stale-admission',
    says: 'a worker does not read a deployment again that had its turn',
    file: engine('advance.ts'),
    from: `      if (E.isLeft(admitted)) return journal.deployment(deployment);`,
    to: `      if (E.isLeft(admitted)) return known;`,
    real: true,
  },
  {
    name: 'copies-disagree',
    says: 'a copy of a click that came second is refused for what the first one did',
    file: engine('request.ts'),
    from: `  return (await repeated(advancing, command, deployment)) ?? asked;`,
    to: `  return asked;`,
    real: true,
  },
  {
    name: 'makes-room-for-the-dead',
    says: 'a deployment gives way to a newer one that was cancelled before it stood in line',
    file: engine('advance.ts'),
    from: `      if (ending === null) return decide({ type: 'Supersede', by });`,
    to: `      return decide({ type: 'Supersede', by });`,
    real: true,
  },
  {
    name: 'sweeper-forgets',
    says: 'the sweeper does not look again after a deployment that is stood in line anew',
    file: engine('projection/platform.ts'),
    from: `  if (type === 'SlotRequested') open.set(named.data, { environment, heardAt: now, wentLive: false });
`,
    to: '',
    real: true,
  },
  {
    name: 'given-up-and-forgotten',
    says: 'what was replaced, and stopped by a retirement that was given up, is never written down as retired',
    file: engine('advance.ts'),
    from: `  await tellWhatWasReplaced(advancing, request);
`,
    to: '',
    real: true,
    under: 'network',
  },
  {
    name: 'begin-after-the-end',
    says: 'a step may be begun after the deployment has ended',
    file: decideDeployment,
    from: `  if (over && !isCleaning(step))`,
    to: `  if (over && !isCleaning(step) && run > 1000)`,
  },
  {
    name: 'late-outcome-believed',
    says: 'the outcome of an attempt that is over is recorded',
    file: decideDeployment,
    from: `  underWay?.step === step && underWay.attempt === of.attempt && underWay.key === of.key
`,
    to: `  underWay?.step === step || of.attempt > 0
`,
  },
  {
    name: 'build-is-trusted',
    says: 'the commit in a built image is not compared with the one that was ordered',
    file: decideDeployment,
    from: `  if (ordered === null || built.commit !== ordered)`,
    to: `  if (ordered === null || built.commit === null)`,
  },
  {
    name: 'cancel-in-mid-promotion',
    says: 'a deployment may be cancelled after its promotion was begun',
    file: decideDeployment,
    from: `  if (state.promotionBegun) return E.left({ code: 'PromotionStarted', deployment });
`,
    to: '',
  },
  {
    name: 'failed-promotion-ends-at-once',
    says: 'a promotion that failed for good ends the deployment without putting the traffic back',
    file: decideDeployment,
    from: `  const ends = retryAt === null && !isCleaning(step) && !state.promotionBegun;`,
    to: `  const ends = retryAt === null && !isCleaning(step);`,
  },
  {
    name: 'changed-is-reused',
    says: 'an image is reused by its name, whatever its digest',
    file: decideRestore,
    from: `    .with('changed', () => rebuild(source, 'changed', acceptMovedRef))`,
    to: `    .with('changed', () => ({ type: 'Reuse', image }))`,
  },
  {
    name: 'rebuild-at-the-branch',
    says: 'a rebuild takes what the branch means today, although the commit is known',
    file: decideRestore,
    from: `  if (source.commit !== null) return { type: 'Rebuild', commit: source.commit, reason };`,
    to: `  if (source.commit !== null && source.ref === null) return { type: 'Rebuild', commit: source.commit, reason };`,
  },
  {
    name: 'unknown-is-absent',
    says: 'an image that could not be looked for counts as absent',
    file: engine('perform/perform.ts'),
    from: `        ports.images.probe(image),
        TE.map(`,
    to: `        ports.images.probe(image),
        TE.orElse(() => TE.right('absent' as const)),
        TE.map(`,
  },
  {
    name: 'live-before-switched',
    says: 'a deployment is activated first, and the traffic is switched then',
    file: engine('perform/promote.ts'),
    from: `    TE.flatMap(() => activate(step, performing, since)),
`,
    to: `    TE.orElse(() => TE.right(undefined)),
    TE.flatMap(() => activate(step, performing, since)),
`,
  },
  {
    name: 'promote-without-health',
    says: 'the first answer of an instance counts as healthy, whatever it is',
    file: engine('perform/check-health.ts'),
    from: `    if (healthy) return E.right({ healthy, attempts, detail });`,
    to: `    if (attempts > 0) return E.right({ healthy: healthy || attempts > 0, attempts, detail });`,
  },
  {
    name: 'no-last-look',
    says: 'nobody looks at the instance right before the switch',
    file: engine('perform/promote.ts'),
    from: `    lastLook(step, performing),
    TE.flatMap(() =>
      performing.ports.router.point(performing.request.environment, {
        upstream: step.instance,
        fence: step.release.fence,
      }),
    ),
`,
    to: `    performing.ports.router.point(performing.request.environment, {
      upstream: step.instance,
      fence: step.release.fence,
    }),
`,
    hidden:
      'The health gate ran moments before; only a worker that slept in between shows the difference, and an instance that dies just after the look is no different from one that dies just before it.',
  },
  {
    name: 'blind-append',
    says: 'events are appended whatever the version of the stream',
    file: engine('journal.ts'),
    from: `      const expected = current.version === -1 ? 'no-stream' : current.version;`,
    to: `      const expected = 'any' as const;`,
  },
  {
    name: 'snapshot-off-by-one',
    says: 'a snapshot claims one event more than it holds',
    file: engine('journal.ts'),
    from: `{ version, schema: ENVIRONMENT_SCHEMA, state: toJson(state) }`,
    to: `{ version: version + 1, schema: ENVIRONMENT_SCHEMA, state: toJson(state) }`,
  },
  {
    name: 'secret-in-an-error',
    says: 'an error of the engine is recorded as it is, with the secrets that it repeats',
    file: engine('perform/start.ts'),
    from: `TE.mapLeft((error) => ({ ...error, message: redacted(error.message, secrets) })),`,
    to: '',
  },
  {
    name: 'command-id-is-ignored',
    says: 'every copy of a command makes a deployment of its own',
    file: engine('request.ts'),
    from: `commandId === undefined ? ids.next() : ids.derive('deployment', environment, commandId)`,
    to: `commandId === undefined ? ids.next() : ids.derive('deployment', environment, ids.next())`,
  },
  {
    name: 'no-reaper',
    says: 'nobody looks for instances that were left behind',
    ...noReaper,
  },
  {
    name: 'reap-what-is-not-live',
    says: 'the reaper takes every instance that is not the live one',
    file: engine('sweep/reap.ts'),
    from: `  if (!state.promoted) return false;`,
    to: `  if (!state.promoted) return true;`,
  },
  {
    name: 'reap-by-what-was-read',
    says: 'an instance is taken for replaced because another one is live in what was just read',
    file: engine('sweep/reap.ts'),
    from: `live.release.fence <= fence`,
    to: `live.release.deployment === request.deployment`,
    real: true,
    under: 'replica',
  },
  {
    name: 'no-sweeper',
    says: 'nobody wakes a deployment whose wake-up was lost',
    ...noSweeper,
  },
  {
    name: 'no-reconciliation',
    says: 'nobody tells a router that was restarted empty where the traffic goes',
    file: engine('sweep/reconcile-routes.ts'),
    from: `  if (!right) await`,
    to: `  if (!right && fence < 0) await`,
  },
  {
    name: 'no-deadline',
    says: 'a step may take for ever',
    file: engine('perform/bounded.ts'),
    from: `Promise.race([work, tooLate, stopped]).then(`,
    to: `Promise.race([work, stopped]).then(`,
    hidden: 'A step that never ends is begun again by others, and counts as failed when the fifth has not come back.',
  },
  {
    name: 'retire-before-the-switch-holds',
    says: 'the replaced instance is stopped without asking the router once more',
    file: engine('perform/retire-previous.ts'),
    from: `    assertTraffic(performing),
    TE.flatMap(() => drained(step, drainMs, performing, signal)),
`,
    to: `    drained(step, drainMs, performing, signal),
`,
  },
  {
    name: 'retire-nobody',
    says: 'what was replaced is not stopped by its successor',
    file: next,
    from: `  if (retiring !== null && !deployment.givenUp.includes(retiring.key))`,
    to: `  if (retiring !== null && deployment.givenUp.includes(retiring.key))`,
    hidden: 'The reaper finds what was replaced and not stopped.',
  },
  {
    name: 'no-clean-up',
    says: 'a deployment that ended does not stop what it started',
    file: next,
    from: `  const leftover = deployment.begunStarts.find((key) => !deployment.givenUp.includes(key));
  if (leftover !== undefined) return stop(deployment, request, leftover);
  return isOwed(`,
    to: `  return isOwed(`,
    hidden: 'The reaper finds what an ended deployment left behind.',
  },
  {
    name: 'slot-free-before-activation',
    says: 'the slot is free as soon as a promotion is aborted, before the traffic is back',
    file: environment,
    from: `        slot: state.slot && { ...state.slot, phase: 'aborting', restoreFence },`,
    to: `        slot: null,`,
  },
  {
    name: 'health-gate-skipped-on-reuse',
    says: 'an image that was live before needs no health check',
    file: next,
    from: `  if (!healthy) {`,
    to: `  if (!healthy && deployment.finding !== 'present') {`,
  },
  {
    name: 'old-stopped-first',
    says: 'the old instance is stopped before the traffic is switched',
    file: engine('perform/promote.ts'),
    from: `    lastLook(step, performing),
    TE.flatMap(() =>
      performing.ports.router`,
    to: `    lastLook(step, performing),
    TE.flatMap(() => TE.fromTask(async () => {
      const { live } = (await performing.journal.environment(performing.request.environment)).state;
      if (live !== null) await performing.ports.runtime.stop(live.key, { graceMs: 0 })();
    })),
    TE.flatMap(() =>
      performing.ports.router`,
  },
  {
    name: 'retry-under-a-new-key',
    says: 'whoever does a step again does it under a name of its own',
    file: next,
    from: `\`\${request.deployment}-\${effect}-\${attemptOf(deployment, effect)}\``,
    to: `\`\${request.deployment}-\${effect}-\${attemptOf(deployment, effect)}-\${deployment.underWay?.step === effect ? deployment.underWay.run : 0}\``,
  },
  {
    name: 'target-is-the-oldest',
    says: 'a rollback to nobody in particular goes to the oldest release that is remembered',
    file: planRollback,
    from: `state.proven.findLast((release) => release.origin !== state.live?.release.origin) ?? null;`,
    to: `state.proven.find((release) => release.origin !== state.live?.release.origin) ?? null;`,
  },
  {
    name: 'stale-plan-is-carried-out',
    says: 'a plan is carried out though something else went live since',
    file: engine('request.ts'),
    from: `  if (agreed !== null && (agreed.live !== plan.live || agreed.target.deployment !== plan.target.deployment))`,
    to: `  if (agreed !== null && agreed.environment !== plan.environment)`,
  },
  {
    name: 'older-rollback-wins',
    says: 'an older rollback that waits is not superseded by a newer one',
    file: admission,
    from: `      one.order > candidate.order &&`,
    to: `      (candidate.kind === 'deploy' || one.order < candidate.order) && one.order !== candidate.order &&`,
  },
  {
    name: 'router-ignores-the-fence',
    says: 'the router takes whatever it is told last',
    file: twin('router.ts'),
    from: `  if (was !== null && isStale(`,
    to: `  if (was !== null && was.fence < 0 && isStale(`,
  },
  {
    name: 'runtime-adopts-anything',
    says: 'an instance of the same name is adopted whatever image it runs',
    file: twin('runtime.ts'),
    from: `  if (existing !== undefined && existing.digest !== image.digest) return answer(E.left(keyTaken(key)));
`,
    to: ``,
    hidden: 'A key is of one deployment and one attempt, and an attempt has one image: the engine never asks for two.',
  },
  {
    name: 'builder-echoes-the-order',
    says: 'the builder says of its image what it was asked for, not what is in it',
    file: twin('builder.ts'),
    from: `E.right(finish(lab, engine, builds, shape, order, lies ? commitOf(\`not \${commit}\`) : commit));`,
    to: `E.right({ ...finish(lab, engine, builds, shape, order, lies ? commitOf(\`not \${commit}\`) : commit), commit });`,
  },
  {
    name: 'probe-by-name',
    says: 'an image is found by its name, whatever it means today',
    file: twin('images.ts'),
    from: `  if (here.has(digest)) return 'present';`,
    to: `  if (here.has(digest) || names.has(name)) return 'present';`,
  },
  {
    name: 'secret-in-an-event',
    says: 'what a secret is worth is kept with the release',
    file: engine('perform/start.ts'),
    from: `TE.map(({ value }): Secret => [name, value]),`,
    to: `TE.map(({ value }): Secret => {
        config.variables[name] = value;
        return [name, value];
      }),`,
  },
  {
    name: 'preempts-a-promotion',
    says: 'a rollback cancels a deploy that is being promoted',
    file: decideDeployment,
    from: `  if (state.promotionBegun) return E.left({ code: 'PromotionStarted', deployment });
`,
    to: `  if (state.promotionBegun && cancel.actor !== 'recourse') return E.left({ code: 'PromotionStarted', deployment });
`,
  },
  {
    name: 'build-before-intent',
    says: 'a build is begun while it is still being written down that it will be',
    file: engine('advance.ts'),
    from: `  const begun = await decide({ type: 'BeginStep', step: { step, attempt, run, key }, now, policy: stepPolicy }, known);
`,
    to: `  if (step === 'build') void performBounded(advancing, effect, request, letGo);
  const begun = await decide({ type: 'BeginStep', step: { step, attempt, run, key }, now, policy: stepPolicy }, known);
`,
  },
  {
    name: 'time-runs-back',
    says: 'a step that a clock was set back in took less than no time',
    file: engine('perform/perform.ts'),
    from: `  return () => Math.max(0, clock.now() - from);`,
    to: `  return () => clock.now() - from;`,
  },
  {
    name: 'second-instance',
    says: 'a start under a name that is taken starts another instance',
    file: twin('runtime.ts'),
    from: `  const existing = engine.under(key);
  if (existing !== undefined && existing.digest !== image.digest) return answer(E.left(keyTaken(key)));
  if (existing?.running) {`,
    to: `  const existing = engine.under(key);
  if (existing?.running) {
    const second = createInstance(engine, engine.freshId(), order, image.digest);
    runInstance(lab, second, { host: '127.0.0.1', port: engine.freshPort() }, 0);
    return answer(E.right(instanceOf(second)));
  }
  if (existing?.running) {`,
  },
];
