import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { hashApiKey } from '@nightjar/auth';

const tokenBytes = 32;
const grammar = /^[A-Za-z0-9_-]{43}$/;
/** 126 bits: nobody who never had a token of a session guesses what its tokens begin with, and could end it that way. */
const familyCharacters = 21;

/**
 * Makes refresh tokens: 43 characters, of which the first 21 stay the same as long as the session lasts (its family) and 132 bits change
 * with every use. Rows hold the SHA-256 of both, never the text.
 */
export class RefreshTokens {
  private readonly key: Buffer;

  /** @param secretKeyBase64 32 bytes in base64 (NIGHTJAR_SECRET_KEY) */
  constructor(secretKeyBase64: string) {
    this.key = Buffer.from(hkdfSync('sha256', Buffer.from(secretKeyBase64, 'base64'), '', 'nightjar refresh token', tokenBytes));
  }

  /** The first token of a session. */
  first(): string {
    return randomBytes(tokenBytes).toString('base64url');
  }

  /**
   * The token after this one. Always the same one, which nobody finds without the key: all tabs of a browser that send one token
   * together get one successor, and whoever lost an answer gets it again.
   */
  successorOf(token: string): string {
    const changing = createHmac('sha256', this.key).update(token).digest('base64url');
    return token.slice(0, familyCharacters) + changing.slice(0, token.length - familyCharacters);
  }
}

/** Whether a text has the form of our refresh tokens; what has not, is not even looked for. */
export function isRefreshToken(text: string): boolean {
  return grammar.test(text);
}

export function digestOf(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hashApiKey(token));
}

export function familyDigestOf(token: string): Uint8Array<ArrayBuffer> {
  return digestOf(token.slice(0, familyCharacters));
}
