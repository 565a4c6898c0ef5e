import { createHash } from 'node:crypto';

/** Full: all are forgotten and verified anew, which costs a signature each. */
const tokensMax = 5_000;

interface Verified<Claims> {
  claims: Claims;
  /** Key (PEM) that the signature was good for. */
  key: string;
  expiresAtUnixMs: number;
}

/**
 * Tokens whose signature was found good: whoever comes with the same one again is not asked for a proof again. Only what can't
 * change about a token is remembered; that its key still counts, and that its holder may use it, is asked each time.
 */
export class VerifiedTokens<Claims> {
  private readonly known = new Map<string, Verified<Claims>>();

  /** @param options.nowUnixMs default: the clock of the machine, by which tokens expire */
  constructor(private readonly options: { tokensMax?: number; nowUnixMs?: () => number } = {}) {}

  /** Claims of a token that was verified with this key and has not expired. */
  find(token: string, key: string): Claims | undefined {
    const digest = digestOf(token);
    const found = this.known.get(digest);
    if (!found || found.key !== key) return undefined;
    if (this.now() < found.expiresAtUnixMs) return found.claims;
    this.known.delete(digest);
    return undefined;
  }

  /** @param expiresAtUnixSeconds the token's `exp`; one without it is not remembered */
  remember(token: string, verified: { claims: Claims; key: string; expiresAtUnixSeconds: number | undefined }): void {
    const { claims, expiresAtUnixSeconds, key } = verified;
    if (expiresAtUnixSeconds === undefined) return;
    if (this.known.size >= (this.options.tokensMax ?? tokensMax)) this.known.clear();
    this.known.set(digestOf(token), { claims, key, expiresAtUnixMs: expiresAtUnixSeconds * 1_000 });
  }

  private now(): number {
    return this.options.nowUnixMs?.() ?? Date.now();
  }
}

/** The token itself is not kept. */
function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
