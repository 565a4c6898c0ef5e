import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { AppError } from '@nightjar/runtime';

const formatVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;
/** Nonces are drawn so many at a time: to ask for one costs nearly as much. */
const noncesInStore = 256;

/**
 * Encrypts secrets that must be read again (camera passwords, signing keys) with AES-256-GCM. Layout: version byte, nonce,
 * tag, ciphertext. `purpose` is authenticated with it, so that a box can't be moved to another column.
 */
export class SecretBox {
  private readonly key: Buffer;
  private readonly nonces = Buffer.alloc(noncesInStore * nonceBytes);
  private noncesUsed = noncesInStore;

  /** @param keyBase64 32 bytes in base64 (NIGHTJAR_SECRET_KEY) */
  constructor(keyBase64: string) {
    this.key = Buffer.from(keyBase64, 'base64');
  }

  seal(plain: string, purpose: string): Uint8Array<ArrayBuffer> {
    const nonce = this.nextNonce();
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(purpose));
    const sealed = [cipher.update(plain, 'utf8'), cipher.final()];
    return Uint8Array.from(Buffer.concat([Buffer.of(formatVersion), nonce, cipher.getAuthTag(), ...sealed]));
  }

  /** @throws AppError `internal` when the key or the purpose is another one, or the bytes were changed */
  open(box: Uint8Array, purpose: string): string {
    try {
      if (box[0] !== formatVersion) throw new Error('unknown format');
      const nonce = box.subarray(1, 1 + nonceBytes);
      const tag = box.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
      const decipher = createDecipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(purpose)).setAuthTag(tag);
      return Buffer.concat([decipher.update(box.subarray(1 + nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new AppError('internal', 'a stored secret cannot be decrypted: is NIGHTJAR_SECRET_KEY the one it was stored with?', { cause });
    }
  }

  /** Random, and never given twice. The bytes hold until the store is filled again. */
  private nextNonce(): Buffer {
    if (this.noncesUsed === noncesInStore) {
      randomFillSync(this.nonces);
      this.noncesUsed = 0;
    }
    const start = this.noncesUsed++ * nonceBytes;
    return this.nonces.subarray(start, start + nonceBytes);
  }
}
