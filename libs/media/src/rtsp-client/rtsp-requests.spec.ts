import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { RtspSplitter, type RtspMessage } from '../rtsp-relay/rtsp-splitter.js';
import { RtspRequests } from './rtsp-requests.js';

type Reply = (request: { text: string; cseq: string; authorization: string | undefined }, count: number) => string | undefined;

const credentials = { username: 'admin', password: 'hunter2' };
const ok = 'RTSP/1.0 200 OK';
const challenge = (nonce: string, more = '') =>
  `RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="cam", qop="auth", algorithm=SHA-256, nonce="${nonce}"${more}`;

/** Requests to a camera that answers as it is told to. */
function asking(reply: Reply, { answerMsMax = 60_000, failed = new Promise<never>(() => undefined) } = {}) {
  const sent: string[] = [];
  const requests: RtspRequests = new RtspRequests({
    credentials,
    answerMsMax,
    failed,
    write: (text) => {
      sent.push(text);
      const cseq = /^CSeq: (\d+)/m.exec(text)?.[1] ?? '';
      const answer = reply({ text, cseq, authorization: /^Authorization: (.*)$/m.exec(text)?.[1] }, sent.length);
      if (answer !== undefined)
        queueMicrotask(() => requests.take(messageOf(answer.includes('CSeq') ? answer : `${answer}\r\nCSeq: ${cseq}`)));
    },
  });
  return { requests, sent };
}

function messageOf(text: string): RtspMessage {
  const [part] = new RtspSplitter().push(Buffer.from(`${text}\r\n\r\n`));
  if (part?.kind !== 'message') throw new Error('no message');
  return part.message;
}

function field(authorization: string, name: string): string {
  return new RegExp(`${name}="?([^",]*)`).exec(authorization)?.[1] ?? '';
}

/** Checks an answer by RFC 7616, 3.4.1. */
function isRight(authorization: string, method: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const [nonce, count, clientNonce, uri] = ['nonce', 'nc', 'cnonce', 'uri'].map((name) => field(authorization, name));
  const expected = hash(`${hash('admin:cam:hunter2')}:${nonce}:${count}:${clientNonce}:auth:${hash(`${method}:${uri}`)}`);
  return field(authorization, 'response') === expected;
}

describe('requests to a camera that asks who we are', () => {
  it('are answered with SHA-256 and a quality, counting up under one nonce', async () => {
    const { requests, sent } = asking(({ authorization }) => (authorization === undefined ? challenge('one') : ok));
    await requests.ask('DESCRIBE', 'rtsp://10.0.0.1/live');
    await requests.ask('SETUP', 'rtsp://10.0.0.1/live/track1');
    const given = sent.slice(1).map((text) => /^Authorization: (.*)$/m.exec(text)?.[1] ?? '');
    expect(given.map((text) => field(text, 'nc'))).toEqual(['00000001', '00000002']);
    expect([isRight(given[0] ?? '', 'DESCRIBE'), isRight(given[1] ?? '', 'SETUP')]).toEqual([true, true]);
    expect(field(given[1] ?? '', 'uri')).toBe('rtsp://10.0.0.1/live/track1');
    expect(sent.join('')).not.toContain('hunter2');
  });

  it.each([
    ['is stale', ', stale=true'],
    ['is another one, which the camera does not call stale', ''],
  ])('begin anew where the nonce %s, also in the middle of a session', async (_what, more) => {
    let nonce = 'one';
    const { requests, sent } = asking(({ authorization }) =>
      authorization !== undefined && field(authorization, 'nonce') === nonce ? ok : challenge(nonce, more),
    );
    await requests.ask('DESCRIBE', '/');
    nonce = 'two';
    await expect(requests.ask('GET_PARAMETER', '/')).resolves.toMatchObject({ startLine: ok });
    expect(sent).toHaveLength(4);
  });

  it('are given up where the password is wrong, after it was shown once', async () => {
    const { requests, sent } = asking(() => challenge('one'));
    await expect(requests.ask('DESCRIBE', '/')).rejects.toMatchObject({ message: 'the camera refuses the user name or the password' });
    expect(sent).toHaveLength(2);
  });

  it('are given up where every nonce is stale at once', async () => {
    const { requests, sent } = asking((_request, count) => challenge(String(count), ', stale=true'));
    await expect(requests.ask('DESCRIBE', '/')).rejects.toMatchObject({ code: 'unavailable' });
    expect(sent).toHaveLength(4);
  });
});

describe('an answer', () => {
  it('that does not come is waited for no longer, and the next request goes out', async () => {
    const { requests } = asking((_request, count) => (count === 1 ? undefined : ok), { answerMsMax: 20 });
    await expect(requests.ask('GET_PARAMETER', '/')).rejects.toMatchObject({ message: 'the camera does not answer' });
    expect(requests.isWaiting).toBe(false);
    await expect(requests.ask('OPTIONS', '/')).resolves.toMatchObject({ startLine: ok });
  });

  it('counts for the request whose number it has, and interim ones for none', async () => {
    const { requests } = asking(() => undefined);
    const asked = requests.ask('OPTIONS', '/');
    requests.take(messageOf('RTSP/1.0 100 Continue\r\nCSeq: 1'));
    requests.take(messageOf('RTSP/1.0 404 Not Found\r\nCSeq: 7'));
    expect(requests.isWaiting).toBe(true);
    requests.take(messageOf('RTSP/1.0 200 OK\r\nCSeq: 1'));
    await expect(asked).resolves.toMatchObject({ startLine: ok });
  });

  it('of a camera that leaves the number out is that of the newest request', async () => {
    const { requests } = asking(() => undefined);
    const asked = requests.ask('OPTIONS', '/');
    requests.take(messageOf('RTSP/1.0 200 OK\r\nServer: x'));
    await expect(asked).resolves.toMatchObject({ startLine: ok });
  });
});

describe('requests on a connection', () => {
  it('are refused when it ends: who waits, and who comes later', async () => {
    let end!: (error: Error) => void;
    const failed = new Promise<never>((_resolve, reject) => {
      end = reject;
    });
    const { requests } = asking(() => undefined, { failed });
    const waiting = requests.ask('OPTIONS', 'rtsp://10.0.0.1/live');
    end(new Error('the camera went away'));
    await expect(waiting).rejects.toThrow('the camera went away');
    await expect(requests.ask('OPTIONS', 'rtsp://10.0.0.1/live')).rejects.toThrow('the camera went away');
  });

  it('leave nothing behind: a camera is given a sign of life for as long as it is watched', async () => {
    const failed = new Promise<never>(() => undefined);
    let listeners = 0;
    const then = failed.then.bind(failed);
    // What waits for a promise is kept by it until it settles, and this one settles at the end of the connection.
    failed.then = (...handlers: Parameters<typeof then>) => {
      listeners++;
      return then(...handlers) as never;
    };
    const { requests } = asking(() => ok, { failed });
    for (let sign = 0; sign < 100; sign++) await requests.ask('OPTIONS', 'rtsp://10.0.0.1/live');
    expect(listeners).toBeLessThanOrEqual(1);
  });
});
