/** What a password has to be like. */
export interface PasswordRules {
  passwordLengthMin: number;
  /** Of lower case, upper case, digits and others. */
  passwordKindsMin: number;
  /** Whether the user name, and the part of an e-mail address before the `@`, may not be in it. */
  refusesUsername: boolean;
  /** From here on it is a passphrase: words are as good as signs. Null: kinds of characters always count. */
  passphraseLength: number | null;
}

/** Shorter names would be found in any password by chance. */
const nameLengthMin = 3;

/** What is wrong with a password that somebody chose; undefined when nothing is. Length counts, then kinds of characters. */
export function problemWithPassword(
  password: string,
  owner: { username: string; email?: string | null },
  rules: PasswordRules,
): string | undefined {
  const { passphraseLength, passwordKindsMin, passwordLengthMin, refusesUsername } = rules;
  if (password.length < passwordLengthMin) return `a password has at least ${passwordLengthMin} characters`;
  const names = [owner.username, owner.email?.split('@')[0] ?? ''].filter(({ length }) => length >= nameLengthMin);
  if (refusesUsername && names.some((name) => password.toLowerCase().includes(name.toLowerCase())))
    return 'a password must not contain the user name or e-mail address';
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u].filter((kind) => kind.test(password)).length;
  if (kinds >= passwordKindsMin || (passphraseLength !== null && password.length >= passphraseLength)) return undefined;
  const shorter = passphraseLength === null ? '' : ` of fewer than ${passphraseLength} characters`;
  return `a password${shorter} needs ${passwordKindsMin} of: lower case, upper case, digits, others`;
}
