/**
 * Rule: the codec of an egress can hold what arrives there. `bytes` holds anything, and `bytes` can be read as anything:
 * that is how wire data becomes a struct, and lines of a file JSON. A struct that nothing has changed is read with its own layout and no other; one
 * that text was added to has a known length, which the struct of the egress must have; text has no numbers in it, and such
 * a struct is no JSON. Text may be JSON, and JSON is text. A struct read as text loses what is no UTF-8, which is only a
 * warning. Pure; any thread.
 */
import { codecKind, type FieldLayout, layoutOf, type StructLayout } from '../plan/codec-layout.js';
import { under } from '../plan/pointer.js';
import { count, quote } from '../plan/words.js';
import type { BoundaryNode, Model, Note, Noted } from './model.js';
import type { Arrival, Arrivals } from './record-flow.js';

export function checkRecordCodecs(model: Model, arrivals: Arrivals, note: Note): void {
  for (const egress of model.boundaries) {
    if (egress.kind !== 'egress' || egress.codec === undefined || egress.codec === 'bytes') continue;
    const findings = (arrivals(egress) ?? []).flatMap((arrival) => disagreement(egress, arrival) ?? []);
    const [first] = findings;
    // One codec is wrong, however many ingresses say so.
    if (first !== undefined) note({ ...first, related: findings.flatMap((one) => one.related ?? []).slice(0, 16) });
  }
}

function disagreement(egress: BoundaryNode, arrival: Arrival): Noted | undefined {
  const { source, known } = arrival;
  if (known === undefined || source.codec === undefined || source.codec === 'bytes') return undefined;
  const read = layoutOf(egress.codec);
  const written = layoutOf(source.codec);
  if (read === undefined)
    return written === undefined || isText(written) ? undefined : readAsOther(egress, source, written);
  if (written === undefined) return isText(read) ? undefined : readAsNumbers(egress, source, read);
  const { added, adder } = known;
  const other = [added.least, added.most].find((bytes) => bytes > 0 && written.size + bytes !== read.size);
  if (other !== undefined) return otherLength(egress, arrival, written.size, other, read.size);
  if (added.least > 0 || read.hash === written.hash) return undefined;
  // A way on which nothing is added, beside one on which something is, has another length as well.
  return added.most > 0 && adder !== undefined && written.size !== read.size
    ? otherLength(egress, arrival, written.size, 0, read.size)
    : otherLayout(egress, source, read, written);
}

/** Text of fixed widths: every byte of it may come from text. */
function isText(layout: StructLayout): boolean {
  return layout.fields.every(({ kind }) => kind === 'utf8' || kind === 'bytes');
}

const numberIn = ({ fields }: StructLayout): FieldLayout | undefined =>
  fields.find(({ kind }) => kind !== 'utf8' && kind !== 'bytes');

const common = (egress: BoundaryNode, source: BoundaryNode) => ({
  path: under(egress.path, 'codec'),
  related: [{ path: under(source.path, 'codec'), message: `The codec of the ingress ${quote(source.id)}.` }],
});

function otherLayout(egress: BoundaryNode, source: BoundaryNode, read: StructLayout, written: StructLayout): Noted {
  const at = read.fields.findIndex((field, index) => words(field) !== words(written.fields[index]));
  const index = at === -1 ? read.fields.length : at;
  return {
    ...common(egress, source),
    code: 'EGRESS_CODEC',
    message: `The egress ${quote(egress.id)} reads its records as another struct than they are: field ${index} is ${words(read.fields[index])} here, and ${words(written.fields[index])} in the records of the ingress ${quote(source.id)}.`,
    received: egress.codec,
    hint: 'Write the same fields in the same order on both sides, or give the egress the codec `bytes`.',
  };
}

function words(field: FieldLayout | undefined): string {
  if (field === undefined) return 'missing';
  const sized = field.kind === 'bytes' || field.kind === 'utf8';
  return `\`${field.name}: ${field.kind}${sized ? `(${field.size})` : ''}\` at byte ${field.offset}`;
}

function otherLength(egress: BoundaryNode, arrival: Arrival, size: number, added: number, wanted: number): Noted {
  const { source, known } = arrival;
  const { path, related } = common(egress, source);
  const adder = known?.adder;
  const more = added === 0 ? 'and nothing more on one way' : `and ${count(added, 'byte')} that stages put to them`;
  return {
    path,
    code: 'EGRESS_CODEC',
    message: `The egress ${quote(egress.id)} reads its records as a struct of ${count(wanted, 'byte')}, but those of the ingress ${quote(source.id)} arrive with ${count(size + added, 'byte')}: the ${size} of its struct ${more}.`,
    received: egress.codec,
    hint: 'Declare the text that is added as `bytes(N)` or `utf8(N)` fields of the egress, or give it the codec `bytes`.',
    related:
      adder === undefined ? related : [...related, { path: adder.path, message: `${quote(adder.id)} adds text.` }],
  };
}

function readAsNumbers(egress: BoundaryNode, source: BoundaryNode, read: StructLayout): Noted {
  return {
    ...common(egress, source),
    code: 'EGRESS_CODEC',
    message: `The egress ${quote(egress.id)} reads its records as a struct with the field ${words(numberIn(read))}, but those of the ingress ${quote(source.id)} are text (\`${codecKind(source.codec)}\`).`,
    received: egress.codec,
    hint: 'If the records hold such structs, give the ingress the codec `bytes` or the same struct.',
  };
}

function readAsOther(egress: BoundaryNode, source: BoundaryNode, written: StructLayout): Noted {
  return codecKind(egress.codec) === 'json' ? readAsJson(egress, source, written) : readAsText(egress, source);
}

function readAsJson(egress: BoundaryNode, source: BoundaryNode, written: StructLayout): Noted {
  return {
    ...common(egress, source),
    code: 'EGRESS_CODEC',
    message: `The egress ${quote(egress.id)} reads its records as JSON, but those of the ingress ${quote(source.id)} are structs with the field ${words(numberIn(written))}.`,
    received: egress.codec,
    hint: 'Give the egress the struct of the ingress, or the codec `bytes`.',
  };
}

function readAsText(egress: BoundaryNode, source: BoundaryNode): Noted {
  return {
    ...common(egress, source),
    code: 'EGRESS_TEXT',
    message: `The egress ${quote(egress.id)} reads its records as text, but those of the ingress ${quote(source.id)} are structs: bytes that are no UTF-8 become U+FFFD.`,
    received: egress.codec,
    hint: 'Give the egress the struct of the ingress, or the codec `bytes`.',
  };
}
