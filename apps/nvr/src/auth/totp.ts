import { createHmac, randomBytes } from 'node:crypto';

const stepSeconds = 30;
const digits = 6;
/** Clocks of phones are off, and people type slowly: the step before and the one after count too. */
const stepsOff = [0n, -1n, 1n];
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new secret: 160 bits, as RFC 4226 recommends. */
export function generateTotpSecret(): Buffer {
  return randomBytes(20);
}

/** The secret as authenticator apps read it (RFC 4648, without padding). */
export function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
}

/** The code of a step: RFC 4226 with SHA-1, the only form that all authenticator apps know. */
export function codeOfStep(secret: Uint8Array, step: bigint): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(step);
  const digest = createHmac('sha1', secret).update(counter).digest();
  const offset = digest[digest.length - 1]! & 0xf;
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/**
 * The step (RFC 6238) that a code is of, now or next to it.
 * @param usedStep newest step of which a code was used; it and those before count no more
 */
export function stepOfCode(
  secret: Uint8Array,
  code: string,
  { nowUnixMs, usedStep }: { nowUnixMs: number; usedStep: bigint | null },
): bigint | undefined {
  const now = BigInt(Math.floor(nowUnixMs / 1_000 / stepSeconds));
  return stepsOff.map((off) => now + off).find((step) => (usedStep === null || step > usedStep) && codeOfStep(secret, step) === code);
}
