import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { webhookHeaders, type WebhookMessage } from './sign-webhook.js';

const body = Buffer.from(JSON.stringify({ job_id: 'video_1', status: 'finished', result: { text: 'Grüße, 你好' } }));
const standardSecret = `whsec_${randomBytes(32).toString('base64')}`;
const plainSecret = 'a secret that somebody chose';
const secrets = [
  { kind: 'a secret of Standard Webhooks', secret: standardSecret, receiver: new Webhook(standardSecret) },
  { kind: 'any other secret', secret: plainSecret, receiver: new Webhook(plainSecret, { format: 'raw' }) },
];

const messageNow = (): WebhookMessage => ({ id: 'msg_1', attempt: 1, atUnixSeconds: Math.floor(Date.now() / 1000), body });
const signed = (message: WebhookMessage, secret: string | undefined) => webhookHeaders(message, { secret, format: 'sha256=hex' });

describe.each(secrets)('a webhook signed with $kind', ({ secret, receiver }) => {
  it('is accepted by the verifier of Standard Webhooks', () => {
    expect(receiver.verify(body, signed(messageNow(), secret))).toEqual(JSON.parse(body.toString()));
  });

  it('carries HMAC-SHA256 over its body alone, keyed by the whole secret', () => {
    const digest = createHmac('sha256', secret).update(body).digest('hex');
    expect(signed(messageNow(), secret)['x-webhook-signature']).toBe(`sha256=${digest}`);
    expect(webhookHeaders(messageNow(), { secret, format: 'hex' })['x-webhook-signature']).toBe(digest);
  });

  it('R13: is refused 1,000 times of 1,000 when it was altered or comes again too late', () => {
    let refused = 0;
    for (let round = 0; round < 1_000; round++) {
      const message = messageNow();
      const headers = signed(message, secret);
      const altered = alterations[round % alterations.length]!({ message, headers, secret, round });
      try {
        receiver.verify(altered.body, altered.headers);
      } catch {
        refused++;
      }
    }
    expect(refused).toBe(1_000);
  });
});

interface Sent {
  message: WebhookMessage;
  headers: Record<string, string>;
  secret: string;
  round: number;
}

/** What somebody on the way may do; `round` chooses where. */
const alterations: readonly ((sent: Sent) => { body: Buffer; headers: Record<string, string> })[] = [
  ({ headers, round }) => ({ body: flipped(body, round), headers }),
  ({ headers, round }) => ({ body: body.subarray(0, round % body.length), headers }),
  ({ headers, round }) => ({ body: Buffer.concat([body, Buffer.from([32 + (round % 90)])]), headers }),
  ({ headers, round }) => ({ body, headers: { ...headers, 'webhook-id': `msg_${2 + round}` } }),
  ({ headers, message, round }) => ({
    body,
    headers: { ...headers, 'webhook-timestamp': String(message.atUnixSeconds - 1 - (round % 299)) },
  }),
  ({ headers, round }) => ({
    body,
    headers: { ...headers, 'webhook-signature': `v1,${flipped(signatureOf(headers), round).toString('base64')}` },
  }),
  ({ headers }) => ({ body, headers: { ...headers, 'webhook-signature': headers['webhook-signature']!.replace('v1,', 'v2,') } }),
  ({ message, round }) => ({ body, headers: signed(message, `whsec_${Buffer.alloc(24, round).toString('base64')}`) }),
  // Replayed as it was, signature and all, when its time is over or has not come.
  ({ message, secret, round }) => ({ body, headers: signed({ ...message, atUnixSeconds: message.atUnixSeconds - 301 - round }, secret) }),
  ({ message, secret, round }) => ({ body, headers: signed({ ...message, atUnixSeconds: message.atUnixSeconds + 305 + round }, secret) }),
];

const signatureOf = (headers: Record<string, string>) => Buffer.from(headers['webhook-signature']!.slice('v1,'.length), 'base64');

function flipped(bytes: Buffer, round: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[round % copy.length]! ^= 1 << (round % 7);
  return copy;
}

describe('a webhook', () => {
  it('without a secret is not signed', () => {
    expect(Object.keys(signed(messageNow(), undefined)).filter((name) => name.includes('signature'))).toEqual([]);
  });

  it('says which message and which attempt it is, and when that was made', () => {
    expect(signed({ id: 'msg_7', attempt: 3, atUnixSeconds: 1_700_000_000, body }, undefined)).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Nightjar-Webhooks',
      'webhook-id': 'msg_7',
      'webhook-timestamp': '1700000000',
      'x-webhook-id': 'msg_7',
      'x-webhook-attempt': '3',
      'x-webhook-timestamp': '1700000000',
    });
  });

  it.each(['whsec_', 'whsec_=', 'whsec_AAA', 'whsec_AAAA=', 'whsec_not base64!', 'WHSEC_AAAA'])(
    'signed with %j uses the secret as it is: it only looks like one of Standard Webhooks',
    (secret) => {
      const receiver = new Webhook(secret, { format: 'raw' });
      expect(() => receiver.verify(body, signed(messageNow(), secret))).not.toThrow();
    },
  );
});
