import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { SignedTickets } from './signed-ticket.js';

const secretKeyBase64 = Buffer.alloc(32, 1).toString('base64');
const tickets = new SignedTickets({ secretKeyBase64, label: 'a kind', schema: z.object({ userId: z.number(), since: z.number() }) });

/** As any release signs. */
function signed(text: string, label = 'a kind'): string {
  const key = Buffer.from(hkdfSync('sha256', Buffer.alloc(32, 1), '', label, 32));
  const payload = Buffer.from(text).toString('base64url');
  return `${payload}.${createHmac('sha256', key).update(payload).digest('base64url')}`;
}

describe('a signed ticket', () => {
  it('is read as it was signed, and stays good as long as label and secret do', () => {
    expect(tickets.read(tickets.sign({ userId: 7, since: 1 }))).toEqual({ userId: 7, since: 1 });
    expect(tickets.read(signed('{"userId":7,"since":1,"more":true}'))).toEqual({ userId: 7, since: 1 });
  });

  it('is none when a release signed it that knew less', () => {
    expect(tickets.read(signed('{"userId":7}'))).toBeUndefined();
  });

  it('is none when it is of another kind, or was changed', () => {
    const text = signed('{"userId":7,"since":1}');
    const [payload = '', signature = ''] = text.split('.');
    const changed = Buffer.from('{"userId":8,"since":1}').toString('base64url');
    for (const bad of [signed('{"userId":7,"since":1}', 'another kind'), `${changed}.${signature}`, payload, `${text}.x`, '', '.'])
      expect(tickets.read(bad)).toBeUndefined();
  });
});
