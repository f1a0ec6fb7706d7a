import type { CommitId, PortError, Sources } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';

/** The simulated git host: what each branch of each repository means now. */
export type Branches = Map<string, CommitId>;

export const simSources = (lab: Lab, branches: Branches, process: Process): Sources => ({
  resolve: (repository, ref) =>
    call<CommitId>(lab, process, {
      operation: 'sources.resolve',
      subject: `${repository} ${ref}`,
      unreachable: 'sources/unreachable',
      carryOut: (answer) => {
        const commit = branches.get(`${repository} ${ref}`);
        answer(commit === undefined ? E.left(noSuchRef(ref)) : E.right(commit));
      },
    }),
  tree: (_repository, commit) =>
    call<AsyncIterable<Uint8Array>>(lab, process, {
      operation: 'sources.tree',
      subject: commit.slice(0, 8),
      unreachable: 'sources/unreachable',
      carryOut: (answer) => answer(E.right(treeOf(commit))),
    }),
});

async function* treeOf(commit: CommitId): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(commit);
}

const noSuchRef = (ref: string): PortError => ({
  kind: 'permanent',
  code: 'sources/ref-not-found',
  message: `There is no ${ref}.`,
});
