/** Compile-time proof that a version keeps the type of its plan, from which `open` infers ids. Checked by tsc. */
import type { PipelinePlanV2 } from '../../lib/plan/document.js';
import { parsePlan } from '../../lib/plan/parse.js';
import { compile, type Version } from '../../lib/version/version.js';
import { type Equal, proven } from './document.js';

export const authored = () =>
  compile({
    version: 2,
    name: 'typed',
    target: 'SingleRing',
    stages: [{ id: 'pass', op: 'identity' }],
    boundaries: [
      { id: 'in', kind: 'ingress', codec: 'utf8' },
      { id: 'out', kind: 'egress' },
    ],
    single_ring: { stages: [{ stage: 'pass' }] },
  });

type Authored = ReturnType<typeof authored>;
type Ingress = Extract<Authored['plan']['boundaries'][number], { kind: 'ingress' }>;

proven<Equal<Ingress['id'], 'in'>>();
proven<Equal<Ingress['codec'], 'utf8'>>();
proven<Equal<Authored['target'], 'SingleRing'>>();

/** A plan from text has no more than the general type. */
export const fromText = () => compile(parsePlan(''));
proven<Equal<ReturnType<typeof fromText>, Version<PipelinePlanV2>>>();

// @ts-expect-error an ingress takes a codec that exists.
export const wrong = () => compile({ ...authored().plan, boundaries: [{ id: 'in', kind: 'ingress', codec: 'utf9' }] });
