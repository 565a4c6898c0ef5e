import { z } from 'zod';

const withoutZone = /^\d{4}-\d{2}-\d{2}[T ][\d:.]+$/;

/** Unix ms of a time as text, NaN for none. Without a zone it is UTC, as OpenNVR's clients mean it, whatever the zone of this machine. */
export function parseUtcTime(text: string): number {
  return Date.parse(withoutZone.test(text) ? `${text}Z` : text);
}

/** A time as in RFC 3339, with or without a zone; or a day, which is its beginning. */
export const UtcTime = z
  .union([z.iso.datetime({ offset: true, local: true }), z.iso.date()])
  .transform((text) => new Date(parseUtcTime(text)));
