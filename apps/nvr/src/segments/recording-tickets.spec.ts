import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { RecordingTickets, ticketLifeMs } from './recording-tickets.js';

const key = Buffer.alloc(32, 1).toString('base64');
const grant = { cameraId: 1, fromUnixMs: 1_000, toUnixMs: 2_000, userId: 7, tokenVersion: 0 };

describe('a recording ticket', () => {
  it('says what it grants, until it is too old', () => {
    const clock = new FakeClock();
    const tickets = new RecordingTickets(key, clock);
    const text = tickets.issue(grant);
    expect(tickets.verify(text)).toMatchObject(grant);
    clock.advance(ticketLifeMs);
    expect(tickets.verify(text)).toBeUndefined();
  });

  it('is worth nothing when it was changed, cut, or signed with another key', () => {
    const tickets = new RecordingTickets(key, new FakeClock());
    const text = tickets.issue(grant);
    const [payload = '', signature = ''] = text.split('.');
    const wider = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), cameraId: 2 })).toString(
      'base64url',
    );
    const ofAnother = new RecordingTickets(Buffer.alloc(32, 2).toString('base64'), new FakeClock()).issue(grant);
    for (const bad of [
      '',
      '.',
      payload,
      `${payload}.`,
      `.${signature}`,
      `${wider}.${signature}`,
      `${text}.x`,
      `${text}x`,
      ofAnother,
      'a'.repeat(2_000),
    ])
      expect(tickets.verify(bad)).toBeUndefined();
  });
});
