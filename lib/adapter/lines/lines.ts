/** The adapter `lines`: one record a line, of a file or a standard stream (docs/adapters.md). Pure; any thread. */
import { defineAdapter } from '../adapter.js';

/** An ingress that reads lines. */
export interface LinesIngress {
  /** One record a line. */
  readonly adapter: 'lines';
  /** A file, or `-` for standard input. */
  readonly path: string;
}

/** An egress that writes lines. */
export interface LinesEgress {
  /** One record a line. */
  readonly adapter: 'lines';
  /** A file, or `-` for standard output. */
  readonly path: string;
  /** Add to the file instead of truncating it. Default false. */
  readonly append?: boolean;
}

/** Short form of `LinesIngress`. */
export interface LinesIngressShort {
  /** A file, or `-` for standard input. */
  readonly lines: string;
  /** The long form has it. */
  readonly adapter?: never;
}

/** Short form of `LinesEgress`. */
export interface LinesEgressShort {
  /** A file, or `-` for standard output. */
  readonly lines: string;
  /** Add to the file instead of truncating it. Default false. */
  readonly append?: boolean;
  /** The long form has it. */
  readonly adapter?: never;
}

export const lines = defineAdapter<{
  ingress: LinesIngress | LinesIngressShort;
  egress: LinesEgress | LinesEgressShort;
}>({
  name: 'lines',
  sides: {
    ingress: 'one record a line, from a file or - for standard input',
    egress: 'one record a line, to a file or - for standard output',
  },
  keys: {
    path: {
      type: 'text',
      required: true,
      placeholder: 'PATH',
      completes: 'files',
      give: 'the path of a file, or "-" for the standard stream',
      help: 'A file, or `-` for the standard stream.',
    },
    append: {
      type: 'flag',
      sides: ['egress'],
      default: false,
      help: 'Add to the file instead of truncating it.',
    },
  },
  target: 'path',
  flags: ['append'],
  short: true,
  file: true,
  rereads: true,
});
