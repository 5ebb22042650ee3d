import type { Target } from '../plan/document.js';

/** The plan is right, but this release cannot execute its target. Thrown by `lower` and `compile`. */
export class UnsupportedTargetError extends Error {
  override readonly name = 'UnsupportedTargetError';
  readonly code = 'UNSUPPORTED_TARGET';
  readonly target: Target;

  constructor(planName: string, target: Target) {
    super(
      `plan "${planName}" has target ${target}: this release validates ${target} plans but does not run them yet. ` +
        'Its id, diff and drawing are available; to run it, write it for target SingleRing.',
    );
    this.target = target;
  }
}

/** A buffer that is not a well-formed spec. `offset` is the first byte in question, from the start of the buffer. */
export class SpecError extends Error {
  override readonly name = 'SpecError';
  readonly code = 'BAD_SPEC';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`not a valid spec: ${message} (at byte ${offset})`);
    this.offset = offset;
  }
}
