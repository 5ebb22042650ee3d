/** A field that the document does not know: what it probably meant. Pure; any thread. */
import { under, valueAt } from '../plan/pointer.js';
import { quote } from '../plan/words.js';
import type { Noted } from './model.js';
import { capital, placeName } from './names.js';

export interface UnknownField {
  readonly document: unknown;
  /** Pointer of the map that holds the field. */
  readonly holder: string;
  readonly pointer: string;
  readonly key: string;
  readonly received: unknown;
  /** Fields that the map may have. */
  readonly known: readonly string[];
  /** The field that it probably meant. */
  readonly meant: string | undefined;
}

/** Fields that speak of lanes; in a SingleRing they have a message of their own. */
const LANE_FIELDS = new Set(['lane', 'lanes', 'connections', 'on_full', 'boundary_policy', 'capacity_bytes']);

/** Fields that the codec `json` is to have. */
const JSON_LATER = new Set(['schema', 'check']);

const isJsonCodec = ({ document, holder }: UnknownField): boolean =>
  /^\/boundaries\/\d+\/codec$/.test(holder) && valueAt(document, under(holder, 'kind')) === 'json';

/** Where a known field belongs, for fields that stand in the wrong place. */
const HOME: Readonly<Record<string, string>> = {
  depends_on: 'an entry of `single_ring.stages`',
  stage: 'an entry of `single_ring.stages`',
  shards: '`single_ring`',
  ordering: '`single_ring`',
  producer: '`single_ring`',
  scheduling: '`single_ring`',
  shard_key: '`single_ring`',
  connections: '`lane_graph`',
  boundary_policy: '`lane_graph`',
  lane: 'an entry of `lane_graph.connections`',
  from: 'an entry of `lane_graph.connections`',
  to: 'an entry of `lane_graph.connections`',
  codec: 'an entry of `boundaries`',
  op: 'an entry of `stages`',
  config: 'an entry of `stages`',
};

export function unknownFieldFinding(field: UnknownField): Noted {
  const common = { path: field.pointer, atKey: true, received: field.received };
  if (field.holder === '' && (field.key === 'single_ring' || field.key === 'lane_graph')) {
    const target = quote(valueAt(field.document, '/target'));
    const message = `The target is ${target}, so the plan cannot have the payload \`${field.key}\`.`;
    return { ...common, code: 'PAYLOAD_SUPERFLUOUS', message, hint: `Remove \`${field.key}\`, or change the target.` };
  }
  const place = capital(placeName(field.document, field.holder));
  if (JSON_LATER.has(field.key) && isJsonCodec(field)) {
    const message = `${place} has \`${field.key}\` in its codec \`json\`, and this version knows no schemas of JSON records.`;
    const hint = `Remove \`${field.key}\`: the records of the boundary are any JSON values then.`;
    return { ...common, code: 'CODEC_JSON_SCHEMA', message, hint };
  }
  if (/^\/single_ring(?:\/stages\/\d+)?$/.test(field.holder) && LANE_FIELDS.has(field.key)) {
    const message = `${place} has the field \`${field.key}\`, but a SingleRing has no lanes: its stages share the slots of one ring.`;
    return { ...common, code: 'RING_LANE_INTENT', message, hint: 'Remove it, or use the target LaneGraph.' };
  }
  const inner =
    field.holder.split('/').length > 3 && !/\/\d+$/.test(field.holder)
      ? ` in \`${field.holder.split('/').at(-1)}\``
      : '';
  return {
    ...common,
    code: 'FIELD_UNKNOWN',
    message: `${place} has the unknown field ${quote(field.key)}${inner}.`,
    hint: () => hintFor(field),
  };
}

function hintFor(field: UnknownField): string | undefined {
  if (field.key === '<<') return 'Merge keys are not part of YAML 1.2; write the fields out, or alias a whole value.';
  if (field.meant !== undefined) return `Did you mean ${quote(field.meant)}?`;
  const home = Object.hasOwn(HOME, field.key) ? HOME[field.key] : undefined;
  if (home !== undefined) return `\`${field.key}\` belongs in ${home}.`;
  return field.known.length === 0 ? 'It takes no fields.' : `Known here: ${field.known.join(', ')}.`;
}
