/** A canvas as lines for a person. Pure; any thread. */

import { drawFlow } from '../describe/drawing-flow.js';
import { columns, indented } from '../describe/text-columns.js';
import type { OnError } from '../plan/document.js';
import { listWords, onErrorWords } from '../plan/element-words.js';
import type { Canvas, GraphCanvas, RingCanvas } from './canvas.js';

/** Hex digits of an id that people compare. */
const ID_CHARS = 12;

function heading({ plan, as }: Canvas): string {
  return `${plan.name}  ${plan.target}  version ${plan.id.slice(0, ID_CHARS)}  seen as a ${as}`;
}

const below = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...indented(lines)]);

const failureWords = (onError: OnError | undefined): string => (onError === undefined ? '' : onErrorWords(onError));

function ringRows({ stages, egresses }: RingCanvas): string[] {
  return columns(
    [
      ...stages.map(({ stage, op, on_error, depends_on, ingresses }, index) => [
        String(index + 1),
        stage,
        op,
        `depends on ${listWords([...ingresses, ...depends_on])}`,
        failureWords(on_error),
      ]),
      ...egresses.map(({ id, depends_on }) => ['', id, 'egress', `depends on ${listWords(depends_on)}`]),
    ],
    [0],
  );
}

function graphRows({ nodes, edges }: GraphCanvas): string[][] {
  const places = nodes.map(({ id, kind, op, on_error, column, row }) => [
    id,
    op ?? kind,
    `column ${column}`,
    `row ${row}`,
    failureWords(on_error),
  ]);
  const flows = edges.map(({ from, to, lane, on_full }) => [
    `${from} ─▶ ${to}`,
    lane,
    on_full === 'Drop' ? 'drops when full' : 'blocks when full',
  ]);
  return [columns(places), columns(flows)];
}

function graphDrawing({ nodes, edges }: GraphCanvas): readonly string[] {
  const names = nodes.map(({ id }) => id);
  return (
    drawFlow(
      names,
      edges.map(({ from, to }) => [from, to]),
    ) ?? []
  );
}

/** A view as text for people: lines, without a final line end. Pure; any thread. */
export function canvasText(canvas: Canvas): string {
  const body =
    canvas.as === 'ring'
      ? below(ringRows(canvas))
      : [...below(graphDrawing(canvas)), ...graphRows(canvas).flatMap((rows) => below(rows))];
  return [heading(canvas), ...body, ...(canvas.notes.length === 0 ? [] : ['', ...canvas.notes])].join('\n');
}
