import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readLiveView } from '@nightjar/contracts';
import { Bus, WithBody } from '@nightjar/messaging';
import { createLogger, systemClock } from '@nightjar/runtime';
import { startTestBus, until } from '@nightjar/testing';
import { LiveParts } from '../recorder/live-parts.js';
import { mp4Box } from '../mp4/write-init-segment.js';
import { LiveFeed, type FeedPart } from './live-feed.js';

const logger = createLogger({ service: 'spec', level: 'silent' });
const timescale = 1_000;
const partBytes = 512 * 1024;
const heldBytesMax = 24 * 1024 * 1024;

describe('a feed of a camera whose key frames are far apart', () => {
  let server: Awaited<ReturnType<typeof startTestBus>>;
  let bus: Bus;
  let recorder: LiveParts;
  let feed: LiveFeed;
  let pushed = 0;

  beforeEach(async () => {
    server = await startTestBus();
    bus = Bus.open({ url: server.url, name: 'spec', logger });
    await bus.ready(AbortSignal.timeout(60_000));
    recorder = new LiveParts(systemClock, () => true);
    recorder.begin(mp4Box('ftyp'), { codec: 'h264', timescale });
    pushed = 0;
    bus.serve(readLiveView, async ({ after_seq: afterSeq, offset, session_id: sessionId, wait_ms }) => {
      const { bytes, initBytes, parts, session } = await recorder.read({ sessionId, afterSeq, offset }, wait_ms);
      return new WithBody({ session, init_bytes: initBytes, parts }, bytes);
    });
    feed = new LiveFeed({ cameraId: 1, stream: 'main', bus, clock: systemClock, logger });
  });
  afterEach(async () => {
    feed.stop();
    recorder.end();
    await bus.close();
    await server.stop();
  });

  function push(startsWithKeyFrame: boolean): void {
    const startTicks = pushed++ * 100;
    const bytes = Buffer.alloc(partBytes, pushed);
    recorder.push({ startTicks, durationTicks: 100, startsWithKeyFrame, piecesFrom: () => [bytes] }, startTicks);
  }

  function watch(): { parts: FeedPart[]; lost: number } {
    const seen = { parts: [] as FeedPart[], lost: 0 };
    feed.listen({
      takeSession: () => undefined,
      takePart: (part, follows) => {
        seen.parts.push(part);
        if (!follows) seen.lost++;
      },
    });
    return seen;
  }

  it.each([
    ['who watches', false],
    ['a player of HLS', true],
  ])('holds no more than its bound for %s, and who is up to date misses nothing', async (_who, isPlayed) => {
    if (isPlayed) feed.notePlayed();
    const viewer = watch();
    let mostBytes = 0;
    for (let part = 0; part < 60; part++) {
      push(part === 0);
      await until(() => viewer.parts.length === pushed);
      mostBytes = Math.max(
        mostBytes,
        feed.held.reduce((sum, { bytes }) => sum + bytes.length, 0),
      );
    }
    expect(mostBytes).toBeGreaterThan(heldBytesMax / 4);
    expect(mostBytes).toBeLessThanOrEqual(heldBytesMax);
    expect(viewer.parts.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, seq) => seq));
    expect(viewer.lost).toBe(0);
  });

  it('gives a new viewer the newest key frame and what came after', async () => {
    const viewer = watch();
    for (let part = 0; part < 55; part++) {
      push(part === 0 || part === 53);
      await until(() => viewer.parts.length === pushed);
    }
    expect(watch().parts.map(({ seq }) => seq)).toEqual([53, 54]);
  });
});
