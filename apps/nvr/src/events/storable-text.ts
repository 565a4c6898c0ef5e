/** Postgres stores no NUL, and half a surrogate pair has no bytes that a receiver could know. */
export const isStorable = (text: string) => !text.includes('\0') && withWholePairs(text) === text;

/** What of a text can be stored, cut to as many characters as Postgres counts: a pair of surrogates is one. */
export function storableText(text: string, charactersMax: number): string {
  return [...withWholePairs(text.replaceAll('\0', ''))].slice(0, charactersMax).join('');
}

/** JSON text of a value as `jsonb` takes it. `JSON.stringify` writes halves of pairs as escapes, and whole ones as they are. */
export function storableJson(value: unknown): string {
  // Escapes are read one after the other: what follows an escaped backslash is none.
  return JSON.stringify(value).replaceAll(/\\(u0000|ud[89a-f][0-9a-f]{2}|.)/g, (escape, code: string) => {
    if (code === 'u0000') return '';
    return code.startsWith('ud') ? '\ufffd' : escape;
  });
}

const withWholePairs = (text: string) => Buffer.from(text, 'utf8').toString('utf8');
