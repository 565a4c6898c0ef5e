import { describe, expect, it } from '@jest/globals';
import { FormWebhook, parseRequestedWebhook, webhookInHeaders } from './requested-webhook.js';

const issuesOf = (read: () => unknown): unknown => {
  try {
    read();
  } catch (error) {
    const { code, details } = error as { code: string; details: { issues: { path: string }[] } };
    return [code, details.issues.map(({ path }) => path)];
  }
  return 'accepted';
};

describe('a webhook', () => {
  it.each([
    ['https://example.org/hook?a=b#c', 'https://example.org/hook?a=b'],
    ['HTTP://Example.ORG', 'http://example.org/'],
    ['https://example.org:443/x', 'https://example.org/x'],
    ['http://[2001:DB8::1]:8080/x', 'http://[2001:db8::1]:8080/x'],
  ])('with the URL %s is called at %s', (url, called) => {
    expect(parseRequestedWebhook({ url })).toEqual({ url: called, secret: undefined });
  });

  it.each([undefined, null])('that is %s is none', (named) => expect(parseRequestedWebhook(named)).toBeNull());

  it.each([
    ['no object', 'https://example.org/', ['webhook']],
    ['no URL', {}, ['webhook.url']],
    ['a secret alone', { secret: 'x' }, ['webhook.url']],
    ['an empty URL', { url: '' }, ['webhook.url']],
    ['a URL with a user', { url: 'https://user:hunter2@example.org/' }, ['webhook.url']],
    ['another scheme', { url: 'ftp://example.org/' }, ['webhook.url']],
    ['an address in an odd form', { url: 'http://0x7f.1/' }, ['webhook.url']],
    ['NUL in the URL', { url: 'https://example.org/\0' }, ['webhook.url']],
    ['a secret that is no text', { url: 'https://example.org/', secret: 7 }, ['webhook.secret']],
    ['an empty secret', { url: 'https://example.org/', secret: '' }, ['webhook.secret']],
    ['a secret of 257 bytes', { url: 'https://example.org/', secret: `${'é'.repeat(128)}x` }, ['webhook.secret']],
    ['NUL in the secret', { url: 'https://example.org/', secret: 'a\0' }, ['webhook.secret']],
    ['half a surrogate pair in the secret', { url: 'https://example.org/', secret: '\ud800' }, ['webhook.secret']],
  ])('with %s is refused', (_name, named, paths) => {
    expect(issuesOf(() => parseRequestedWebhook(named))).toEqual(['unprocessable', paths]);
  });

  it('may have a secret of 256 bytes, or null', () => {
    const url = 'https://example.org/';
    expect(parseRequestedWebhook({ url, secret: 'é'.repeat(128) })?.secret).toHaveLength(128);
    expect(parseRequestedWebhook({ url, secret: null })?.secret).toBeUndefined();
  });

  it('never finds itself in the error that refuses it', () => {
    const named = { url: 'https://user:hunter2@example.org/?token=hunter3', secret: `hunter4${'x'.repeat(256)}` };
    try {
      parseRequestedWebhook(named);
    } catch (error) {
      expect(JSON.stringify([(error as Error).message, (error as { details: unknown }).details])).not.toMatch(/hunter/);
    }
  });
});

describe('a webhook in headers', () => {
  it('is named by X-Webhook-Url, and by X-Webhook-Secret', () => {
    expect(webhookInHeaders({})).toBeUndefined();
    expect(webhookInHeaders({ 'x-webhook-url': 'https://a/', 'x-webhook-secret': 's' })).toEqual({ url: 'https://a/', secret: 's' });
    expect(issuesOf(() => parseRequestedWebhook(webhookInHeaders({ 'x-webhook-secret': 's' })))).toEqual([
      'unprocessable',
      ['webhook.url'],
    ]);
  });

  it('has a secret of ASCII: other bytes could not be told apart', () => {
    const headers = { 'x-webhook-url': 'https://a/', 'x-webhook-secret': 'schl\u00fcssel' };
    expect(issuesOf(() => webhookInHeaders(headers))).toEqual(['unprocessable', ['X-Webhook-Secret']]);
  });
});

describe('a webhook in a form', () => {
  const named = (...fields: readonly (readonly [string, unknown])[]) => {
    const form = new FormWebhook();
    for (const [name, value] of fields) form.add(name, value);
    return form.named;
  };
  const webhook = { url: 'https://a/', secret: 's' };

  it.each([
    ['a part with JSON', [['webhook', JSON.stringify(webhook)]]],
    ['a part with JSON that was parsed already', [['webhook', webhook]]],
    ['fields with a dot', [['webhook.url', 'https://a/'], ['webhook.secret', 's']]], // prettier-ignore
    ['fields with brackets', [['webhook[secret]', 's'], ['webhook[url]', 'https://a/']]], // prettier-ignore
    ['a part with JSON and fields', [['webhook.url', 'https://b/'], ['webhook', JSON.stringify(webhook)]]], // prettier-ignore
  ] as const)('is read from %s', (_name, fields) => {
    expect(named(...fields)).toEqual(webhook);
  });

  it('is no other field', () => {
    const form = new FormWebhook();
    for (const name of ['video', 'webhooks', 'webhook_url', 'webhook[', 'Webhook']) expect(form.add(name, 'x')).toBe(false);
    expect(form.named).toBeUndefined();
  });

  it('that is no JSON is refused', () => expect(issuesOf(() => named(['webhook', '{']))).toEqual(['unprocessable', ['webhook']]));
});
