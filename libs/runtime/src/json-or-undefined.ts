/** What a JSON text says; undefined where it is none. Its bytes are bounded by whoever calls. */
export function jsonOrUndefined(text: Buffer | string): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
