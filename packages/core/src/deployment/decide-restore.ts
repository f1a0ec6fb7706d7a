import { match } from 'ts-pattern';
import type { CommitId } from '../identity.ts';
import type { Finding } from '../ports/images.ts';
import type { GitRef, Image, Release, Source } from '../release.ts';
import type { RebuildReason } from './events.ts';

/** How to bring a release back. */
export type Decision = Readonly<
  | { type: 'Reuse'; image: Image }
  | { type: 'Pull'; image: Image }
  | { type: 'Rebuild'; commit: CommitId; reason: RebuildReason }
  /** The release is known by a ref only: what that means today is another release, and the caller said yes to it. */
  | { type: 'RebuildAtRef'; ref: GitRef; reason: RebuildReason }
  /** `moved-ref`: only what the ref means today could be built, and the caller did not accept that. */
  | { type: 'Refuse'; reason: 'no-source' | 'moved-ref' }
  /** Nothing can be said before somebody looked for the image. */
  | { type: 'Probe'; image: Image }
>;

export type RestoreFacts = Readonly<{
  target: Pick<Release, 'source' | 'image' | 'runnable'>;
  /** Null: nobody has looked. A look that failed is not a finding either: look again. */
  finding: Finding | null;
  acceptMovedRef: boolean;
}>;

/**
 * The same bytes if they can be had; else the same commit, built again; else an honest no. It reads facts of the
 * release alone, never today's settings, and the image by its digest, never by a tag.
 */
export const decideRestore = ({ target, finding, acceptMovedRef }: RestoreFacts): Decision => {
  const { source, image, runnable } = target;
  if (!runnable) return rebuild(source, 'not-runnable', acceptMovedRef);
  if (finding === null) return { type: 'Probe', image };

  return match(finding)
    .returnType<Decision>()
    .with('present', () => ({ type: 'Reuse', image }))
    .with('in-registry', () => ({ type: 'Pull', image }))
    .with('changed', () => rebuild(source, 'changed', acceptMovedRef))
    .with('absent', () => rebuild(source, 'pruned', acceptMovedRef))
    .exhaustive();
};

const rebuild = (source: Source, reason: RebuildReason, acceptMovedRef: boolean): Decision => {
  if (source.kind !== 'git') return { type: 'Refuse', reason: 'no-source' };
  if (source.commit !== null) return { type: 'Rebuild', commit: source.commit, reason };
  if (source.ref === null) return { type: 'Refuse', reason: 'no-source' };
  return acceptMovedRef ? { type: 'RebuildAtRef', ref: source.ref, reason } : { type: 'Refuse', reason: 'moved-ref' };
};
