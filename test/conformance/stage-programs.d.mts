export interface ProgramConfig {
  readonly does: readonly string[];
  readonly fields?: readonly string[];
  readonly json?: boolean;
}

export function act(record: unknown, config: ProgramConfig): unknown;
export function actInBatch(record: unknown, config: ProgramConfig): unknown;
export function each(record: unknown, context: { readonly config: unknown }): unknown;
export function later(record: unknown, context: { readonly config: unknown }): unknown;
export const batches: {
  start(context: { readonly config: unknown; readonly shard: number; readonly stage: string }): unknown;
  batch(records: never, state: unknown): void;
  end(state: unknown): unknown;
};
