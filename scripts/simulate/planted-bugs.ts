/**
 * Bugs that somebody could make in good faith, each as a change of one place in the library's source. Those marked
 * `real` are no invention: the simulated world found them, and they were fixed.
 */
export type PlantedBug = Readonly<{
  name: string;
  /** What the code does then. */
  says: string;
  file: string;
  /** Exactly one place. */
  from: string;
  to: string;
  real?: boolean;
  /** The one profile that can show it. */
  under?: string;
  /** Why nobody can see it from outside, for one that a net below it makes harmless. */
  hidden?: string;
}>;

const decideEnvironment = 'packages/core/src/environment/decide.ts';
const admission = 'packages/core/src/environment/admission.ts';
const environment = 'packages/core/src/environment/environment.ts';
const decideDeployment = 'packages/core/src/deployment/decide.ts';
const decideRestore = 'packages/core/src/deployment/decide-restore.ts';
const next = 'packages/core/src/deployment/next.ts';
const engine = (file: string): string => `packages/engine/src/${file}`;

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
    from: `  candidate.automatic && environment.heldBy !== null;`,
    to: `  candidate.automatic && environment.heldBy === null && environment.fence < 0;`,
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
    name: 'sweeper-forgets',
    says: 'the sweeper does not look again after a deployment that is stood in line anew',
    file: engine('sweep/open-deployments.ts'),
    from: `      if (event.type === 'SlotRequested') open.set(named.data, at);
`,
    to: '',
    real: true,
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
    from: `  return underWay?.step === step && underWay.attempt === of.attempt && underWay.key === of.key
`,
    to: `  return underWay?.step === step || of.attempt > 0
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
    file: engine('sweep/sweeper.ts'),
    from: `if (sweep % REAP_EVERY_SWEEPS === 0)`,
    to: `if (sweep % REAP_EVERY_SWEEPS < 0)`,
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
    file: engine('sweep/sweeper.ts'),
    from: `        await outlasting(wakeForgotten);`,
    to: `        await outlasting(() => openDeployments.follow());`,
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
];
