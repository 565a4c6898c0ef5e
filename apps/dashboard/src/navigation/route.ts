/** The pages of the dashboard, in the order of the navigation. */
const pages = ['live', 'timeline', 'events', 'cameras', 'system', 'settings'] as const;
export type Page = (typeof pages)[number];

/** What the address says: a page, and what of it is looked at. */
export interface Route {
  page: Page;
  parameters: URLSearchParams;
}

/** Reads the part of the address behind `#`: `#/timeline?camera=1`. What is no page is the first one. */
export function parseRoute(hash: string): Route {
  const [name, query] = hash.replace(/^#\/?/, '').split('?', 2);
  const page = pages.find((known) => known === name) ?? 'live';
  return { page, parameters: new URLSearchParams(query) };
}

/** The address of a page. Parameters that are undefined are left out. */
export function linkTo(page: Page, parameters: Record<string, string | number | undefined> = {}): string {
  const query = queryOf(parameters);
  return query === '' ? `#/${page}` : `#/${page}?${query}`;
}

/** A query of an address. What is undefined is left out. */
export function queryOf(parameters: Record<string, string | number | boolean | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  return query.toString();
}

/** A positive whole number of the address; undefined for anything else. */
export function idOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** A moment of the address, in Unix seconds; undefined for anything else. */
export function momentOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? '';
  return /^\d{1,10}(\.\d{1,3})?$/.test(text) ? Number(text) : undefined;
}
