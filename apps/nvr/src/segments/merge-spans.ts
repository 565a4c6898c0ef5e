/** Recorded without a gap that anybody would see. Unix ms. */
export interface Span {
  fromUnixMs: number;
  toUnixMs: number;
}

/** Files that meet within this are one. */
export const joinedMs = 2_000;

/**
 * What of a range is recorded, as a time line shows it. Files that reach over an end of the range count as far as they are in it.
 * @param spans oldest first
 * @param options.longestMs a longer span is told as several: as long as what can be played at once
 */
export function mergeSpans(spans: readonly Span[], range: Span, options: { longestMs: number }): Span[] {
  const { longestMs } = options;
  const merged: Span[] = [];
  for (const span of spans) {
    const fromUnixMs = Math.max(span.fromUnixMs, range.fromUnixMs);
    const toUnixMs = Math.min(span.toUnixMs, range.toUnixMs);
    if (fromUnixMs >= toUnixMs) continue;
    const last = merged.at(-1);
    if (last && fromUnixMs - last.toUnixMs <= joinedMs) last.toUnixMs = Math.max(last.toUnixMs, toUnixMs);
    else merged.push({ fromUnixMs, toUnixMs });
  }
  return merged.flatMap(({ fromUnixMs, toUnixMs }) =>
    Array.from({ length: Math.ceil((toUnixMs - fromUnixMs) / longestMs) }, (_, part) => ({
      fromUnixMs: fromUnixMs + part * longestMs,
      toUnixMs: Math.min(toUnixMs, fromUnixMs + (part + 1) * longestMs),
    })),
  );
}
