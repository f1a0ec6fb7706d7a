/** Writes docs/reference/events.md anew. A test says when that is due. */
import { writeFileSync } from 'node:fs';
import { referenceFile, renderEventReference } from './render-event-reference.ts';

writeFileSync(referenceFile, renderEventReference());
console.log(`wrote ${referenceFile}`);
