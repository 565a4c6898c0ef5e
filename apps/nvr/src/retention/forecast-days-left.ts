import type { RetentionBounds } from './choose-expired.js';

const dayMs = 24 * 3_600_000;
/** A rate from less than this is a guess. */
const observedMsMin = 10 * 60_000;

/**
 * Days until recordings have to go to make room, if as much is recorded as in the time that was looked at.
 * @returns 0 when they go already; undefined when it can't be said, or never comes because they get too old before
 */
export function forecastDaysLeft(options: {
  bounds: RetentionBounds;
  usedBytes: number;
  freeBytes: number | undefined;
  /** Where recordings move to before they have to go. */
  archive?: { usedBytes: number; roomBytes: number } | undefined;
  /** What was recorded lately, and in how long. */
  recent: { bytes: number; observedMs: number };
}): number | undefined {
  const { archive = { usedBytes: 0, roomBytes: 0 }, bounds, freeBytes, recent, usedBytes } = options;
  if (freeBytes === undefined || recent.observedMs < observedMsMin || recent.bytes <= 0) return undefined;
  const bytesPerDay = (recent.bytes * dayMs) / recent.observedMs;
  const roomBytes = roomOf({ bounds, usedBytes, freeBytes }) + archive.roomBytes;
  const bytesAtFullAge = (bytesPerDay * bounds.ageMsMax) / dayMs;
  if (bounds.ageMsMax > 0 && bytesAtFullAge - usedBytes - archive.usedBytes <= roomBytes) return undefined;
  return Math.max(0, Math.round((roomBytes / bytesPerDay) * 10) / 10);
}

/** Bytes that fit into a tier before its bounds take something; less than 0 when they do already. */
export function roomOf(tier: { bounds: RetentionBounds; usedBytes: number; freeBytes: number }): number {
  const { bounds, freeBytes, usedBytes } = tier;
  return Math.min(freeBytes - bounds.freeBytesMin, bounds.usedBytesMax > 0 ? bounds.usedBytesMax - usedBytes : Infinity);
}
