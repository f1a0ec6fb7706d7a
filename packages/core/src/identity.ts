/** The values of the domain that name something: checked once, at the edge, and trusted from there on. */
import { z } from 'zod';

/** Lower case, digits, `.`, `_` and `-`: safe in a file name, a container name, a label and a URL, on every system. */
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9, ".", "_", "-", the first a letter or digit');

export const DeploymentId = name.brand('DeploymentId');
export type DeploymentId = z.infer<typeof DeploymentId>;

export const EnvironmentId = name.brand('EnvironmentId');
export type EnvironmentId = z.infer<typeof EnvironmentId>;

/** Content address of an image. Two images are the same if and only if these are equal; a tag proves nothing. */
export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hexadecimal digits')
  .brand('Digest');
export type Digest = z.infer<typeof Digest>;

/** A full commit id, SHA-1 or SHA-256. Abbreviations and branch names are resolved by the Sources port. */
export const CommitId = z
  .string()
  .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'must be a full commit id of 40 or 64 hexadecimal digits')
  .brand('CommitId');
export type CommitId = z.infer<typeof CommitId>;

/** Grows with every admission to an environment. Whoever holds a lower one has been replaced. */
export const Fence = z.int().positive().brand('Fence');
export type Fence = z.infer<typeof Fence>;

/** What a Runtime calls an instance. Never used again for another one. */
export const InstanceId = z
  .string()
  .min(1, 'must not be empty')
  .max(255, 'must be at most 255 characters')
  .brand('InstanceId');
export type InstanceId = z.infer<typeof InstanceId>;

/** Names one effect of one deployment. An adapter derives names from it, so that doing it twice finds the first. */
export const StepKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,127}$/, 'must be 1 to 128 of a-z, 0-9, ".", "_", "-", the first a letter or digit')
  .brand('StepKey');
export type StepKey = z.infer<typeof StepKey>;

/** Milliseconds since 1970-01-01T00:00Z, as the Clock port tells them. */
export const Instant = z.int().nonnegative().brand('Instant');
export type Instant = z.infer<typeof Instant>;

/** What every store, socket and file system can carry unchanged: whole Unicode, no NUL. */
export const plainText = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax, `must be at most ${lengthMax} characters`)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed Unicode without NUL');

/** Text for people, from people: who did it and why. */
export const Text = plainText(1000);
