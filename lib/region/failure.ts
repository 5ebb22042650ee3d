/** The first failure of a pipeline, as the region keeps it. Pure. */
export interface Failure {
  /** Id of the stage or inserted element, or of the boundary whose adapter failed. */
  readonly stage: string;
  /** Shard of a SingleRing; null in a LaneGraph, which has none. */
  readonly shard: number | null;
  /** Sequence of the record in its shard; in a LaneGraph its place in the order of its ingress. */
  readonly sequence: number;
  /** A sentence with a remedy. */
  readonly cause: string;
}

/** `sequence 50 of shard 0`, `sequence 50`: where the record stood. */
export const failedAt = ({ sequence, shard }: Pick<Failure, 'sequence' | 'shard'>): string =>
  shard === null ? `sequence ${sequence}` : `sequence ${sequence} of shard ${shard}`;
