/** A subject pattern, split once: `*` stands for one token, a last `>` for one or more. */
export type SubjectTokens = readonly string[];

/** Splits a subject or pattern at its dots. */
export function splitSubject(subject: string): SubjectTokens {
  return subject.split('.');
}

/** Whether a subscriber may name it: no empty token, `>` only at the end. */
export function isValidPattern(tokens: SubjectTokens): boolean {
  return tokens.every((token, index) => token !== '' && (token !== '>' || index === tokens.length - 1));
}

/** Whether the pattern names more than one subject. */
export function hasWildcard(tokens: SubjectTokens): boolean {
  return tokens.includes('*') || tokens.at(-1) === '>';
}

/** Whether `subject` (without wildcards) falls under `pattern`. */
export function matchesSubject(pattern: SubjectTokens, subject: SubjectTokens): boolean {
  for (const [index, token] of pattern.entries()) {
    if (index >= subject.length) return false;
    if (token === '>') return true;
    if (token !== '*' && token !== subject[index]) return false;
  }
  return pattern.length === subject.length;
}

/** Whether some subject falls under both patterns. */
export function patternsOverlap(left: SubjectTokens, right: SubjectTokens): boolean {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const a = left[index];
    const b = right[index];
    if (a === undefined || b === undefined) return false;
    if (a === '>' || b === '>') return true;
    if (a !== '*' && b !== '*' && a !== b) return false;
  }
  return true;
}
