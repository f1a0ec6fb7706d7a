import { decideDeployment, evolveDeployment, initialDeployment } from '@recourse/core';
import { scenarios } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import {
  admitted,
  atRef,
  begun,
  built,
  commit,
  d1,
  deployed,
  deploying,
  image,
  key,
  main,
  otherCommit,
  otherImage,
  probed,
  ready,
  release,
  reused,
  rolledBack,
} from '../samples.ts';

const { given } = scenarios({ initial: initialDeployment, evolve: evolveDeployment, decide: decideDeployment });
const decided = (
  command: Parameters<typeof decideDeployment>[0],
  history: readonly Parameters<typeof evolveDeployment>[1][],
) => decideDeployment(command, history.reduce(evolveDeployment, initialDeployment));

const of = (stepKey: string) => ({ attempt: 1, key: key(stepKey) });
const probing = [rolledBack(release(d1)), admitted, begun('probe-image', key('r-1-probe-image-1'))];
const pulling = [...probing, probed('in-registry'), begun('pull-image', key('r-1-pull-image-1'))];
const building = [...deploying.inSlot, begun('build', key('d-1-build-1'))];

describe('a probe', () => {
  test('of a deploy, which nobody asked for, says nothing', () => {
    given(deployed({ source: atRef }), admitted, begun('probe-image', key('d-1-probe-image-1')))
      .when({ type: 'RecordProbe', ...of('d-1-probe-image-1'), finding: 'present' })
      .thenNothing();
  });

  const record = { type: 'RecordProbe', ...of('r-1-probe-image-1') } as const;

  test('that finds the very image lets it be reused', () => {
    given(...probing)
      .when({ ...record, finding: 'present' })
      .thenHappens(probed('present'), reused);
  });

  test('that finds it in the registry is followed by a pull', () => {
    given(...probing)
      .when({ ...record, finding: 'in-registry' })
      .thenHappens(probed('in-registry'));
  });

  test.each([
    ['absent', 'pruned'],
    ['changed', 'changed'],
  ] as const)('that finds it %s is followed by a rebuild of the commit that was live', (finding, reason) => {
    given(...probing)
      .when({ ...record, finding })
      .thenHappens(probed(finding), { type: 'RebuildScheduled', commit, reason, movedRef: null });
  });

  test('that finds nothing ends a rollback without source', () => {
    const history = [rolledBack(release(d1, { source: ready })), ...probing.slice(1)];
    expect(decided({ ...record, finding: 'absent' }, history)).toMatchObject({
      right: [{ type: 'ImageProbed' }, { type: 'DeploymentFailed', step: 'probe-image', error: { code: 'NoWayBack' } }],
    });
  });

  test('whose attempt is over is not believed', () => {
    given(...probing, probed('absent'))
      .when({ ...record, finding: 'present' })
      .thenRejected('StaleOutcome');
  });
});

describe('a ref', () => {
  test('that was resolved is built at that commit', () => {
    given(deployed({ source: atRef }), admitted, begun('resolve-source', key('d-1-resolve-source-1')))
      .when({ type: 'RecordResolved', ...of('d-1-resolve-source-1'), commit: otherCommit })
      .thenHappens({ type: 'BuildScheduled', commit: otherCommit, ref: main });
  });

  test('that stands for a lost commit is told as moved', () => {
    const target = release(d1, { source: atRef });
    given(
      rolledBack(target, { acceptMovedRef: true }),
      admitted,
      probed('changed'),
      begun('resolve-source', key('r-1-resolve-source-1')),
    )
      .when({ type: 'RecordResolved', ...of('r-1-resolve-source-1'), commit: otherCommit })
      .thenHappens({ type: 'RebuildScheduled', commit: otherCommit, reason: 'changed', movedRef: main });
  });
});

describe('a pull', () => {
  const record = { type: 'RecordPulled', ...of('r-1-pull-image-1'), durationMs: 5 } as const;

  test('brings the image of the target', () => {
    given(...pulling)
      .when({ ...record, image })
      .thenHappens({ type: 'ImagePulled', image, durationMs: 5 });
  });

  test('of other bytes is never promoted under the name of the target', () => {
    expect(decided({ ...record, image: otherImage }, pulling)).toMatchObject({
      right: [{ type: 'DeploymentFailed', step: 'pull-image', error: { code: 'DigestMismatch' } }],
    });
  });

  test('of a deploy brings whatever its reference means', () => {
    given(deployed({ source: ready }), admitted, begun('pull-image', key('d-1-pull-image-1')))
      .when({ type: 'RecordPulled', ...of('d-1-pull-image-1'), image: otherImage, durationMs: 5 })
      .thenHappens({ type: 'ImagePulled', image: otherImage, durationMs: 5 });
  });
});

describe('a build', () => {
  const record = { type: 'RecordBuilt', ...of('d-1-build-1'), durationMs: 90_000 } as const;

  test('that says of itself what was ordered goes on', () => {
    given(...building)
      .when({ ...record, built: { image, commit, runnable: true } })
      .thenHappens(built);
  });

  test.each([
    ['another commit', otherCommit],
    ['nothing', null],
  ])('that says %s of its commit goes nowhere', (_name, says) => {
    expect(decided({ ...record, built: { image, commit: says, runnable: true } }, building)).toMatchObject({
      right: [{ type: 'DeploymentFailed', step: 'build', error: { code: 'CommitMismatch', kind: 'permanent' } }],
    });
  });

  test.each([commit, null])('that nobody ordered goes nowhere, whatever it says of its commit (%s)', (says) => {
    const unordered = [deployed({ source: atRef }), admitted, begun('build', key('d-1-build-1'))];
    const message = `The build was ordered at commit none, but the image says ${says ?? 'no commit'}.`;
    expect(decided({ ...record, built: { image, commit: says, runnable: true } }, unordered)).toMatchObject({
      right: [{ type: 'DeploymentFailed', step: 'build', error: { code: 'CommitMismatch', message } }],
    });
  });

  test('that comes a second time is not believed', () => {
    given(...building, built)
      .when({ ...record, built: { image, commit, runnable: true } })
      .thenRejected('StaleOutcome');
  });

  test('of another attempt is not believed', () => {
    given(...building)
      .when({ ...record, attempt: 2, built: { image, commit, runnable: true } })
      .thenRejected('StaleOutcome');
  });

  test('under another key is not believed', () => {
    given(...building)
      .when({ ...record, key: key('d-2-build-1'), built: { image, commit, runnable: true } })
      .thenRejected('StaleOutcome');
  });

  test('that ends after a cancellation is not believed', () => {
    given(...building, { type: 'Cancelled' })
      .when({ ...record, built: { image, commit, runnable: true } })
      .thenRejected('StaleOutcome');
  });
});
