/** The options that name the code of a plan's own stages: `run`, `replay` and `describe` share them. Pure; any thread. */
import type { Command } from 'commander';

export interface StageOptions {
  /** As they were given: NAME=PATH. */
  readonly stage: readonly string[];
  /** NAME.KEY=VALUE. */
  readonly stageSet: readonly string[];
}

/** Keys of `--stage-set`. */
export const STAGE_KEYS = ['export', 'workers', 'concurrency', 'timeoutMs'] as const;

const more = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export const addStageOptions = (command: Command): Command =>
  command
    .option(
      '--stage <name=path>',
      'a module for js:NAME, in a thread of its own, or a shared library for native:NAME; once a name',
      more,
      [],
    )
    .option('--stage-set <name.key=value>', `a setting of it: ${STAGE_KEYS.join(', ')}`, more, []);

export const namesStages = ({ stage, stageSet }: StageOptions): boolean => stage.length + stageSet.length > 0;
