/** What platform code gives, checked before anything else happens: a wrong field is named, with its value. */
import {
  Actor,
  CommitId,
  Config,
  DeploymentId,
  EnvironmentId,
  GitRef,
  ImageReference,
  type Rejection,
  RepositoryUrl,
  RunSpec,
  safelyParse,
  Text,
  Trigger,
  Workload,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { z } from 'zod';
import { invalidInput, unreadableInput } from './invalid-input.ts';

/** Repeat a command with the same id and it is the same command: webhooks and double clicks make one deployment. */
const CommandId = Text.min(1);

const SourceInput = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('git'),
      repository: RepositoryUrl,
      commit: CommitId.nullable().default(null),
      ref: GitRef.nullable().default(null),
    })
    .refine(({ commit, ref }) => commit !== null || ref !== null, 'must name a commit or a ref'),
  z.strictObject({ kind: z.literal('image'), reference: ImageReference }),
]);

const { shape: run } = RunSpec;

const WorkloadInput = z.strictObject({
  build: Workload.shape.build,
  run: z.strictObject({
    port: run.port,
    health: z
      .strictObject({ path: run.health.shape.path.default('/'), withinMs: run.health.shape.withinMs.default(60_000) })
      .prefault({}),
    drainMs: run.drainMs.default(30_000),
    stopGraceMs: run.stopGraceMs.default(10_000),
    memoryBytes: run.memoryBytes.default(null),
    cpus: run.cpus.default(null),
    pidsMax: run.pidsMax.default(null),
  }),
});

const Asked = { actor: Actor, reason: Text.nullable().default(null), commandId: CommandId.optional() };

const DeployCommand = z
  .strictObject({
    environment: EnvironmentId,
    source: SourceInput,
    workload: WorkloadInput,
    config: z
      .strictObject({ variables: Config.shape.variables.default({}), secrets: Config.shape.secrets.default({}) })
      .prefault({}),
    trigger: Trigger.default('api'),
    ...Asked,
  })
  .refine(({ source, workload }) => (source.kind === 'image') === (workload.build.preset === 'image'), {
    path: ['workload', 'build', 'preset'],
    error: 'must be "image" for a source that is an image, and only then',
  });
export type DeployInput = Readonly<z.input<typeof DeployCommand>>;
export type DeployCommand = z.output<typeof DeployCommand>;

const Choice = {
  environment: EnvironmentId,
  /** Default: the last release that was live before the one live now. */
  target: DeploymentId.optional(),
  /** The configuration of the release as it was `then`, or the one live `now`. */
  config: z.enum(['then', 'now']).default('then'),
  /** A release known only by a branch or tag may be rebuilt at what that means today: another release. */
  acceptMovedRef: z.boolean().default(false),
};

const PlanQuery = z.strictObject(Choice);
export type PlanInput = Readonly<z.input<typeof PlanQuery>>;
export type PlanQuery = z.output<typeof PlanQuery>;

const RollbackCommand = z.strictObject({ ...Choice, ...Asked });
export type RollbackCommand = z.output<typeof RollbackCommand>;

/** What is read of a plan that comes back, perhaps by way of a browser. The rest of it is reckoned anew. */
const AgreedPlan = z.object({
  environment: EnvironmentId,
  target: z.object({ deployment: DeploymentId }),
  live: DeploymentId.nullable(),
  configMode: z.enum(['then', 'now']),
  acceptMovedRef: z.boolean(),
});
export type AgreedPlan = z.output<typeof AgreedPlan>;

const CancelCommand = z.strictObject({ deployment: DeploymentId, actor: Actor, reason: Text.nullable().default(null) });
export type CancelInput = Readonly<z.input<typeof CancelCommand>>;

const ResumeCommand = z.strictObject({ environment: EnvironmentId, actor: Actor });
export type ResumeInput = Readonly<z.input<typeof ResumeCommand>>;

const HistoryQuery = z.strictObject({
  environment: EnvironmentId,
  /** How many entries, the newest first. */
  limit: z.int().min(1).max(200).default(20),
  /** The `next` of the page before this one. */
  before: z.int().nonnegative().optional(),
});
export type HistoryInput = Readonly<z.input<typeof HistoryQuery>>;

type Parsed<A> = E.Either<Rejection, A>;

const parser =
  <Schema extends z.ZodType>(schema: Schema) =>
  (input: unknown): Parsed<z.output<Schema>> =>
    read(() => {
      const parsed = safelyParse(schema, input);
      return parsed.success ? E.right(parsed.data) : E.left(invalidInput(input, parsed.error));
    });

/** Plain data can be read; anything else may throw while it is. */
const read = <A>(parse: () => Parsed<A>): Parsed<A> => {
  try {
    return parse();
  } catch {
    return E.left(unreadableInput);
  }
};

export const parseDeploy = parser(DeployCommand);
export const parsePlan = parser(PlanQuery);
const parseCommand = parser(RollbackCommand);
const parsePlanned = parser(z.looseObject({ plan: AgreedPlan }));

export type Rollback = Readonly<{ command: RollbackCommand; agreed: AgreedPlan | null }>;

/** With the plan that it was agreed on, if there was one. */
export const parseRollback = (input: unknown): Parsed<Rollback> =>
  read(() =>
    typeof input === 'object' && input !== null && 'plan' in input
      ? pipe(parsePlanned(input), E.chain(asAgreed))
      : pipe(
          parseCommand(input),
          E.map((command) => ({ command, agreed: null })),
        ),
  );

const asAgreed = ({ plan: agreed, ...asking }: Readonly<{ plan: AgreedPlan }>): Parsed<Rollback> => {
  const { environment, target, configMode: config, acceptMovedRef } = agreed;
  return pipe(
    parseCommand({ ...asking, environment, target: target.deployment, config, acceptMovedRef }),
    E.map((command) => ({ command, agreed })),
  );
};

export const parseCancel = parser(CancelCommand);
export const parseResume = parser(ResumeCommand);
export const parseHistory = parser(HistoryQuery);
export const parseDeploymentId = parser(DeploymentId);
export const parseEnvironmentId = parser(EnvironmentId);
