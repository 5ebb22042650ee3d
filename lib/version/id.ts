import type { CheckedPlan } from '../plan/document.js';
import { sha256Hex } from '../plan/sha256.js';
import { canonicalPlan } from './canonical-plan.js';
import { canonicalText } from './canonical-text.js';

/** The text whose hash names a version. Works for both targets. Pure; any thread. */
export const planText = (plan: CheckedPlan): string => canonicalText(canonicalPlan(plan));

/** SHA-256 of a canonical text in UTF-8: 64 lower-case hex digits. */
export const idOfText = (text: string): string => sha256Hex(text);

/** The id of the version that this plan compiles to, for both targets, without lowering it. */
export const planId = (plan: CheckedPlan): string => idOfText(planText(plan));
