import { describe, expect, it } from '@jest/globals';
import { readSetup } from './setup-answer.js';

function setup(transport: string | undefined, session?: string) {
  const headers = new Map<string, string[]>();
  if (transport !== undefined) headers.set('transport', [transport]);
  if (session !== undefined) headers.set('session', [session]);
  return readSetup({ headers }, 0);
}

describe('the answer to SETUP', () => {
  it.each([
    ['RTP/AVP/TCP;unicast;interleaved=0-1', 0, 1],
    ['RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=01020304;mode="PLAY"', 4, 5],
    ['rtp/avp/tcp;INTERLEAVED=2-9', 2, 9],
    ['RTP/AVP/TCP;interleaved=6', 6, 7],
    ['RTP/AVP/TCP; unicast; interleaved = 2-3', 2, 3],
    ['RTP/AVP/TCP;unicast', 0, 1],
    ['RTP/AVPF/TCP;unicast;interleaved=0-1', 0, 1],
  ])('"%s" names the channels %d and %d', (transport, media, control) => expect(setup(transport)?.channels).toEqual({ media, control }));

  it.each([undefined, '', 'RTP/AVP;unicast;client_port=5000-5001', 'RTP/AVP/UDP;unicast', 'RTP/AVP/TCP;interleaved=256-257'])(
    '"%s" is another transport than was asked for',
    (transport) => expect(setup(transport)).toBeUndefined(),
  );

  it.each([
    ['12345678', '12345678', 60_000],
    ['12345678;timeout=30', '12345678', 30_000],
    ['12345678 ; timeout = 10', '12345678', 10_000],
    ['12345678;timeout="20"', '12345678', 20_000],
    ['12345678;timeout=0', '12345678', 60_000],
    ['12345678;timeout=soon', '12345678', 60_000],
    ['', undefined, 60_000],
    ['a b', undefined, 60_000],
    [undefined, undefined, 60_000],
  ])('with the session "%s" names it and how long it lives', (header, session, sessionMs) =>
    expect(setup('RTP/AVP/TCP;interleaved=0-1', header)).toMatchObject({ session, sessionMs }),
  );
});
