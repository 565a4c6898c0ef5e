/** What the manager tells of itself, beside `/1/`. */
const ownPages: ReadonlySet<string> = new Set(['/version', '/config', '/configs', '/plugins', '/healthcheck']);

/** Whether a path is one of the Luna surface, which has its own errors and request ids. The other surfaces are on the same port. */
export function isLunaPath(url: string): boolean {
  if (url.startsWith('/1/')) return true;
  return ownPages.has((url.split('?', 1)[0] ?? '').replace(/\/+$/, ''));
}
