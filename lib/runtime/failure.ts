/** The first failure of a pipeline, as the region keeps it. Pure data. */
export interface Failure {
  /** Id of the stage, or of the boundary whose adapter failed. */
  readonly stage: string;
  readonly shard: number;
  /** Sequence of the record in its shard. */
  readonly sequence: number;
  /** A sentence with a remedy. */
  readonly cause: string;
}
