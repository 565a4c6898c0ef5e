/** What is wrong with a password that somebody chose; undefined when nothing is. Length counts, then kinds of characters. */
export function problemWithPassword(password: string, username: string): string | undefined {
  if (password.length < lengthMin) return `a password has at least ${lengthMin} characters`;
  if (password.toLowerCase().includes(username.toLowerCase())) return 'a password must not contain the user name';
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u].filter((kind) => kind.test(password)).length;
  if (password.length < passphraseLength && kinds < kindsMin)
    return `a password of fewer than ${passphraseLength} characters needs ${kindsMin} of: lower case, upper case, digits, others`;
  return undefined;
}

const lengthMin = 8;
const kindsMin = 3;
/** From here on it is a passphrase: words are as good as signs. */
const passphraseLength = 16;
