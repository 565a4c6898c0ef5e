import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';

/** Longer ones are none of ours. */
const charactersMax = 1_000;

/**
 * Signs and reads the tickets that stand in an address: `<payload>.<HMAC-SHA256>`, base64url. What a ticket opens, and whether its time
 * is over, is for whoever reads it.
 */
export class SignedTickets<Schema extends z.ZodType> {
  private readonly key: Buffer;

  /** @param options.label of the kind of ticket; another kind has another key, and tickets that are about stay good only with the same */
  constructor(private readonly options: { secretKeyBase64: string; label: string; schema: Schema }) {
    this.key = Buffer.from(hkdfSync('sha256', Buffer.from(options.secretKeyBase64, 'base64'), '', options.label, 32));
  }

  sign(ticket: z.infer<Schema>): string {
    const payload = Buffer.from(JSON.stringify(ticket)).toString('base64url');
    return `${payload}.${this.signatureOf(payload).toString('base64url')}`;
  }

  /** @returns undefined when it is not ours, was changed, or, of another release, lacks something */
  read(text: string): z.infer<Schema> | undefined {
    if (text.length > charactersMax) return undefined;
    const [payload = '', signature = '', ...rest] = text.split('.');
    const given = Buffer.from(signature, 'base64url');
    const expected = this.signatureOf(payload);
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return this.options.schema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data;
  }

  private signatureOf(payload: string): Buffer {
    return createHmac('sha256', this.key).update(payload).digest();
  }
}
