import type { CheckedPlan, PipelinePlanV2 } from '../plan/document.js';
import { compile, Version } from '../version/version.js';

/**
 * Descriptions and drawings are of versions, so that a plan is lowered once: a version is taken as it is, a checked plan is
 * compiled, which does not validate it again. Pure; any thread.
 */
export const versionOf = (plan: CheckedPlan | Version): Version =>
  plan instanceof Version ? plan : (compile(plan as PipelinePlanV2) as Version);
