/** Whether a text comes back as it was sent. Postgres stores no NUL, and half a surrogate pair has no bytes that a receiver could know. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && Buffer.from(text, 'utf8').toString('utf8') === text;
}
