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
