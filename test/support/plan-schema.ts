import * as z from 'zod';
import { laneGraphPlanSchema, singleRingPlanSchema } from '../../lib/plan/schema.js';

/** The whole document as one schema; validation takes the half that the target names. */
export const planSchema = z.discriminatedUnion('target', [singleRingPlanSchema, laneGraphPlanSchema]);
