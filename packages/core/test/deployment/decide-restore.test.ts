import { type Decision, decideRestore, type Finding, type RestoreFacts } from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atCommit, atNothing, atRef, commit, image, main, ready } from '../samples.ts';

const sources = { commit: atCommit, ref: atRef, nothing: atNothing, image: ready } as const;
type SourceName = keyof typeof sources;

/** What each cell of the table says in full. */
const decisions: Readonly<Record<string, Decision>> = {
  probe: { type: 'Probe', image },
  reuse: { type: 'Reuse', image },
  pull: { type: 'Pull', image },
  'rebuild:pruned': { type: 'Rebuild', commit, reason: 'pruned' },
  'rebuild:changed': { type: 'Rebuild', commit, reason: 'changed' },
  'rebuild:not-runnable': { type: 'Rebuild', commit, reason: 'not-runnable' },
  'at-ref:pruned': { type: 'RebuildAtRef', ref: main, reason: 'pruned' },
  'at-ref:changed': { type: 'RebuildAtRef', ref: main, reason: 'changed' },
  'at-ref:not-runnable': { type: 'RebuildAtRef', ref: main, reason: 'not-runnable' },
  'refuse:no-source': { type: 'Refuse', reason: 'no-source' },
  'refuse:moved-ref': { type: 'Refuse', reason: 'moved-ref' },
};

/** The whole space. What the image cannot do by itself does not depend on where it is, so nobody looks. */
const table = `
  source   runnable  finding      moved ref not accepted  accepted
  commit   yes       nobody-asked probe                   probe
  commit   yes       present      reuse                   reuse
  commit   yes       in-registry  pull                    pull
  commit   yes       changed      rebuild:changed         rebuild:changed
  commit   yes       absent       rebuild:pruned          rebuild:pruned
  commit   no        nobody-asked rebuild:not-runnable    rebuild:not-runnable
  commit   no        present      rebuild:not-runnable    rebuild:not-runnable
  commit   no        in-registry  rebuild:not-runnable    rebuild:not-runnable
  commit   no        changed      rebuild:not-runnable    rebuild:not-runnable
  commit   no        absent       rebuild:not-runnable    rebuild:not-runnable
  ref      yes       nobody-asked probe                   probe
  ref      yes       present      reuse                   reuse
  ref      yes       in-registry  pull                    pull
  ref      yes       changed      refuse:moved-ref        at-ref:changed
  ref      yes       absent       refuse:moved-ref        at-ref:pruned
  ref      no        nobody-asked refuse:moved-ref        at-ref:not-runnable
  ref      no        present      refuse:moved-ref        at-ref:not-runnable
  ref      no        in-registry  refuse:moved-ref        at-ref:not-runnable
  ref      no        changed      refuse:moved-ref        at-ref:not-runnable
  ref      no        absent       refuse:moved-ref        at-ref:not-runnable
  nothing  yes       nobody-asked probe                   probe
  nothing  yes       present      reuse                   reuse
  nothing  yes       in-registry  pull                    pull
  nothing  yes       changed      refuse:no-source        refuse:no-source
  nothing  yes       absent       refuse:no-source        refuse:no-source
  nothing  no        nobody-asked refuse:no-source        refuse:no-source
  nothing  no        present      refuse:no-source        refuse:no-source
  nothing  no        in-registry  refuse:no-source        refuse:no-source
  nothing  no        changed      refuse:no-source        refuse:no-source
  nothing  no        absent       refuse:no-source        refuse:no-source
  image    yes       nobody-asked probe                   probe
  image    yes       present      reuse                   reuse
  image    yes       in-registry  pull                    pull
  image    yes       changed      refuse:no-source        refuse:no-source
  image    yes       absent       refuse:no-source        refuse:no-source
  image    no        nobody-asked refuse:no-source        refuse:no-source
  image    no        present      refuse:no-source        refuse:no-source
  image    no        in-registry  refuse:no-source        refuse:no-source
  image    no        changed      refuse:no-source        refuse:no-source
  image    no        absent       refuse:no-source        refuse:no-source`;

const lines = table.trim().split('\n').slice(1);
const cells = lines.flatMap((line) => {
  const [source = '', runnable = '', finding = '', unaccepted = '', accepted = ''] = line.trim().split(/\s+/);
  return [
    { source, runnable, finding, acceptMovedRef: false, decided: unaccepted },
    { source, runnable, finding, acceptMovedRef: true, decided: accepted },
  ];
});

describe('how a release is brought back', () => {
  test('is decided for every combination of facts, each once', () => {
    const combinations = cells.map(({ decided: _, ...facts }) => JSON.stringify(facts));
    expect(new Set(combinations).size).toBe(4 * 2 * 5 * 2);
    expect(cells).toHaveLength(80);
  });

  test.each(cells)(
    'source $source, runnable $runnable, $finding, accept moved ref $acceptMovedRef: $decided',
    ({ source, runnable, finding, acceptMovedRef, decided }) => {
      const facts: RestoreFacts = {
        target: { source: sources[source as SourceName], image, runnable: runnable === 'yes' },
        finding: finding === 'nobody-asked' ? null : (finding as Finding),
        acceptMovedRef,
      };
      expect(decideRestore(facts)).toEqual(decisions[decided]);
    },
  );
});

const facts: fc.Arbitrary<RestoreFacts> = fc.record({
  target: some.target,
  finding: fc.option(some.finding),
  acceptMovedRef: fc.boolean(),
});
const always = (law: (facts: RestoreFacts, decision: Decision) => void) =>
  fc.assert(fc.property(facts, (given) => law(given, decideRestore(given))));

describe('invariant 3: the same bytes, or the same commit, or an honest no', () => {
  test('only what was found is reused, and it is the very image of the release', () => {
    always(({ target, finding }, decision) => {
      expect(decision.type === 'Reuse').toBe(target.runnable && finding === 'present');
      if (decision.type === 'Reuse') expect(decision.image).toBe(target.image);
    });
  });

  test('only what a registry has is pulled, and it is the very image of the release', () => {
    always(({ target, finding }, decision) => {
      expect(decision.type === 'Pull').toBe(target.runnable && finding === 'in-registry');
      if (decision.type === 'Pull') expect(decision.image).toBe(target.image);
    });
  });

  test('nothing is rebuilt but the commit that was live', () => {
    always(({ target: { source } }, decision) => {
      if (decision.type === 'Rebuild') expect(source).toMatchObject({ kind: 'git', commit: decision.commit });
    });
  });

  test('nothing is built at a ref that has a commit, nor at one that nobody accepted', () => {
    always(({ target: { source }, acceptMovedRef }, decision) => {
      if (decision.type !== 'RebuildAtRef') return;
      expect(acceptMovedRef).toBe(true);
      expect(source).toMatchObject({ kind: 'git', commit: null, ref: decision.ref });
    });
  });

  test('nothing is built without source', () => {
    always(({ target: { source } }, decision) => {
      if (source.kind !== 'git') expect(decision.type).not.toMatch(/^Rebuild/);
    });
  });

  test('what is here or in a registry is never refused, if it can run', () => {
    always(({ target, finding }, decision) => {
      const there = finding === 'present' || finding === 'in-registry';
      if (target.runnable && there) expect(decision.type).not.toBe('Refuse');
    });
  });

  test('somebody looks if and only if it matters', () => {
    always(({ target, finding }, decision) => {
      expect(decision.type === 'Probe').toBe(target.runnable && finding === null);
    });
  });

  test('a moved name is as good as gone: it is told apart only in the reason', () => {
    always(({ target, acceptMovedRef }) => {
      const gone = decideRestore({ target, finding: 'absent', acceptMovedRef });
      const moved = decideRestore({ target, finding: 'changed', acceptMovedRef });
      expect({ ...moved, reason: null }).toEqual({ ...gone, reason: null });
    });
  });
});
