/**
 * Walks what zod objects to and leaves one finding per cause: unions are entered by the branch that fits, a misspelt
 * field explains why the right one is missing, and of several objections to one value the first counts. Used by the
 * shape pass and for op configs. Pure; any thread.
 */
import type * as z from 'zod';
import { BROKEN } from '../plan/finding.js';
import { toPointer, valueAt } from '../plan/pointer.js';
import { nearest, quote } from '../plan/words.js';
import { expectedAt } from './expected.js';
import { knownFields } from './fields.js';
import { asMap, type Note, type Noted } from './model.js';
import { capital, placeName } from './names.js';
import { describeObjection, wrongType, wrongWord } from './objection.js';
import { unknownFieldFinding } from './unknown-field.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

export class IssueReader {
  /** Places that need no further finding: reported, or absent because of a misspelt field beside them. */
  readonly seen = new Set<string>();

  constructor(
    private readonly schema: z.ZodType,
    private readonly value: unknown,
    private readonly document: unknown,
    private readonly base: string,
    private readonly note: Note,
  ) {}

  /** Unknown fields first, because a misspelt field explains why the right one is missing. */
  readAll(issues: readonly Issue[], prefix: Path): void {
    for (const issue of issues) {
      if (issue.code === 'unrecognized_keys') this.unknownFields([...prefix, ...issue.path], issue.keys);
    }
    for (const issue of issues) {
      if (issue.code !== 'unrecognized_keys') this.read(issue, [...prefix, ...issue.path]);
    }
  }

  private read(issue: Issue, path: Path): void {
    const received = this.valueAt(path);
    // What the reader of the text could not read was reported there.
    if (received === BROKEN) return;
    if (isUntaggedUnion(issue) && asMap(received) !== undefined) {
      const branches = issue.errors.filter((branch) =>
        branch.every((inner) => inner.path.length > 0 || mayStand(inner)),
      );
      if (branches.length === 1) {
        this.readAll(branches[0] as Issue[], path);
        return;
      }
    }
    const pointer = this.pointerOf(path);
    if (this.seen.has(pointer)) return;
    this.seen.add(pointer);
    this.note(this.findingFor(issue, path, pointer, received));
  }

  private findingFor(issue: Issue, path: Path, pointer: string, received: unknown): Noted {
    if (received === undefined && issue.code !== 'custom') return this.missing(path, pointer);
    if (!isUntaggedUnion(issue)) return describeObjection(issue, this.document, pointer, received);
    const words = issue.errors
      .flat()
      .flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : []));
    return typeof received === 'string'
      ? wrongWord(this.document, pointer, words, received)
      : wrongType(this.document, pointer, words, received);
  }

  private unknownFields(path: Path, keys: readonly string[]): void {
    const holder = asMap(this.valueAt(path)) ?? {};
    const known = knownFields(this.schema, path, this.value);
    const free = known.filter((name) => holder[name] === undefined);
    for (const key of keys) {
      const meant = nearest(key, free);
      // It also explains why a rule about the map as a whole does not hold, such as "exactly one of these".
      if (meant !== undefined) this.seen.add(this.pointerOf([...path, meant])).add(this.pointerOf(path));
      this.note(
        unknownFieldFinding({
          document: this.document,
          holder: this.pointerOf(path),
          pointer: this.pointerOf([...path, key]),
          key,
          received: holder[key],
          known,
          meant,
        }),
      );
    }
  }

  private missing(path: Path, pointer: string): Noted {
    const field = String(path.at(-1) ?? '');
    const holder = this.pointerOf(path.slice(0, -1));
    if (holder === '' && (field === 'single_ring' || field === 'lane_graph')) {
      const target = quote(valueAt(this.document, '/target'));
      const message = `The target is ${target}, so the plan needs the payload \`${field}\`.`;
      return { code: 'PAYLOAD_MISSING', path: pointer, message };
    }
    const expected = expectedAt(pointer);
    const place = capital(placeName(this.document, holder));
    const message = `${place} needs the field \`${field}\`${expected === undefined ? '' : `: ${expected}`}.`;
    return { code: 'FIELD_MISSING', path: pointer, message };
  }

  private valueAt(path: Path): unknown {
    return valueAt(this.value, toPointer(path as (string | number)[]));
  }

  private pointerOf(path: Path): string {
    return this.base + toPointer(path as (string | number)[]);
  }
}

/** A union without a tag: told apart by the JS type of the value. */
function isUntaggedUnion(issue: Issue): issue is z.core.$ZodIssueInvalidUnion & { errors: Issue[][] } {
  return issue.code === 'invalid_union' && !('discriminator' in issue && issue.discriminator !== undefined);
}

/** Does a branch's objection to the map itself leave the branch possible? */
function mayStand(inner: { readonly code: string }): boolean {
  return inner.code === 'unrecognized_keys' || inner.code === 'custom';
}
