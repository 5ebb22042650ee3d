/** What the plots of comparisons share: how they look on light and dark grounds, and how they write numbers and names. Pure. */

export const PLOT_STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .small { font-size: 11px; fill: #59636e }
  .axis { stroke: #59636e }
  .band { fill: #1f883d; fill-opacity: .12 }
  .interval { stroke: #0969da; stroke-width: 3 }
  .kept { fill: #0969da }
  .disturbed { fill: none; stroke: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .axis { stroke: #9198a1 }
    .band { fill: #3fb950; fill-opacity: .2 }
    .interval { stroke: #4493f8 }
    .kept { fill: #4493f8 }
    .disturbed { stroke: #656c76 }
  }`;

export const rounded = (value: number): number => Math.round(value * 10) / 10;

/** `+2.5 %` of a log-ratio. */
export const signedPercent = (log: number): string => {
  const share = 100 * Math.expm1(log);
  return `${share > 0 ? '+' : ''}${Number(share.toFixed(1))} %`;
};

/** Also what XML does not know: control characters. */
export const escaped = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they may not stand in XML.
    .replace(/[\x00-\x1f\x7f]/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
