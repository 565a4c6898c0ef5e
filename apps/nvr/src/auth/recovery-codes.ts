import { createHash, randomBytes } from 'node:crypto';
import { base32 } from './totp.js';

const codesMade = 10;
/** Eight letters: 40 bits, which five tries before a lock don't find. */
const codeBytes = 5;
const grammar = /^[A-Z2-7]{8}$/i;

/** Codes that stand in for the second factor, each once: for who has lost the device. */
export function makeRecoveryCodes(): string[] {
  return Array.from({ length: codesMade }, () => base32(randomBytes(codeBytes)));
}

/** Whether this may be one; a code of an authenticator has six digits. */
export function isRecoveryCode(code: string): boolean {
  return grammar.test(code);
}

/** SHA-256, all that is stored; capitals or not. */
export function digestOf(code: string): Buffer {
  return createHash('sha256').update(code.toUpperCase()).digest();
}
