interface AcceptedRange {
  type: string;
  subtype: string;
  quality: number;
}

const headerCharactersMax = 1_000;

/**
 * Which of some media types a caller likes best (RFC 9110 §12.5.1): the highest quality it gives, then the order of `offers`.
 * The most specific range that fits a type decides about it.
 * @param accept value of the Accept header; absent: anything
 * @returns undefined when the caller takes none of them
 */
export function preferredType<Offer extends string>(accept: string | undefined, offers: readonly Offer[]): Offer | undefined {
  if (accept === undefined || accept.trim() === '') return offers[0];
  const ranges = accept.slice(0, headerCharactersMax).split(',').flatMap(parseRange);
  const liked = offers
    .map((offer) => ({ offer, quality: qualityOf(offer, ranges) }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return liked[0]?.offer;
}

function parseRange(text: string): AcceptedRange[] {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const [, type, subtype] = /^([^/\s]+)\/([^/\s]+)$/.exec(range) ?? [];
  if (type === undefined || subtype === undefined) return [];
  const quality = parameters.map((parameter) => /^q=(\d(?:\.\d{0,3})?)$/.exec(parameter)?.[1]).find((value) => value !== undefined);
  return [{ type, subtype, quality: quality === undefined ? 1 : Math.min(1, Number(quality)) }];
}

function qualityOf(offer: string, ranges: readonly AcceptedRange[]): number {
  const [type, subtype] = offer.split('/');
  const exact = ranges.find((range) => range.type === type && range.subtype === subtype);
  const sameType = ranges.find((range) => range.type === type && range.subtype === '*');
  const any = ranges.find((range) => range.type === '*' && range.subtype === '*');
  return (exact ?? sameType ?? any)?.quality ?? 0;
}
