import { describe, expect, it } from '@jest/globals';
import { liveViewBytesMax } from '@nightjar/contracts';
import { FakeClock } from '@nightjar/runtime';
import { LiveParts, type LivePosition } from './live-parts.js';

const track = { timescale: 1_000, codec: 'h264' };
const init = Buffer.from('init');
const begin: LivePosition = { sessionId: null, afterSeq: -1, offset: 0 };

function makeParts(options: { isRead?: boolean } = {}) {
  const clock = new FakeClock();
  const parts = new LiveParts(clock, () => options.isRead ?? true);
  let startTicks = 0;
  /** One fragment, of 250 ms. */
  const push = (startsWithKeyFrame: boolean, { ticks = 250, size = 10 } = {}) => {
    clock.advance(ticks);
    const bytes = Buffer.alloc(size, startTicks / ticks);
    parts.push({ startTicks, durationTicks: ticks, startsWithKeyFrame, piecesFrom: () => [bytes] }, clock.wallMs());
    startTicks += ticks;
  };
  /** A group of pictures of one second. */
  const pushGroup = () => [true, false, false, false].forEach((isKeyFrame) => push(isKeyFrame));
  return { parts, push, pushGroup, clock };
}

describe('live parts of a camera', () => {
  it('begin with the newest key frame at once, then follow one by one', async () => {
    const { parts, push, pushGroup } = makeParts();
    parts.begin(init, track);
    pushGroup();
    pushGroup();
    push(true);
    const first = await parts.read(begin, 0);
    expect(first.bytes.subarray(0, first.initBytes)).toEqual(init);
    expect(first.parts.map(({ seq, starts_with_key_frame, index }) => [seq, starts_with_key_frame, index])).toEqual([[8, true, 0]]);
    const reading = parts.read({ sessionId: first.session?.id ?? 0, afterSeq: 8, offset: 0 }, 60_000);
    push(false);
    const next = await reading;
    expect([next.initBytes, next.parts.map(({ seq, start_ms }) => [seq, start_ms])]).toEqual([0, [[9, 2_250]]]);
  });

  it('lie in segments that begin with key frames and are numbered upwards', async () => {
    const { parts, push, pushGroup } = makeParts();
    parts.begin(init, track);
    pushGroup();
    const { parts: first } = await parts.read(begin, 0);
    for (let group = 0; group < 2; group++) [true, false].forEach((isKeyFrame) => push(isKeyFrame));
    push(true);
    const segmentIds = (await parts.read(begin, 0)).parts.map(({ segment }) => segment);
    expect(segmentIds).toEqual([(first[0]?.segment ?? 0) + 2]);
  });

  it('of a camera with rare key frames lie in segments of at most four seconds', async () => {
    const { parts, push } = makeParts();
    parts.begin(init, track);
    push(true);
    for (let count = 0; count < 39; count++) push(false);
    const chunk = await parts.read(begin, 0);
    const sizes = new Map<number, number>();
    for (const { segment, duration_ms } of chunk.parts) sizes.set(segment, (sizes.get(segment) ?? 0) + duration_ms);
    expect([...sizes.values()]).toEqual([4_000, 4_000, 2_000]);
    expect(chunk.parts[0]?.seq).toBe(0);
  });

  it('are kept for who is late by a segment, and only while somebody reads', async () => {
    for (const isRead of [true, false]) {
      const { parts, pushGroup } = makeParts({ isRead });
      parts.begin(init, track);
      pushGroup();
      const { session } = await parts.read(begin, 0);
      pushGroup();
      const late = await parts.read({ sessionId: session?.id ?? 0, afterSeq: 1, offset: 0 }, 0);
      expect(late.parts[0]?.seq).toBe(isRead ? 2 : 4);
    }
  });

  it('longer than a message come in pieces', async () => {
    const { parts, push } = makeParts();
    parts.begin(init, track);
    const size = liveViewBytesMax * 2 + 5;
    push(true, { size });
    push(false);
    let position = begin;
    const got: [number, number][] = [];
    for (let round = 0; round < 3; round++) {
      const chunk = await parts.read(position, 0);
      for (const { seq, bytes, offset, size_bytes } of chunk.parts) {
        got.push([seq, bytes]);
        const isWhole = offset + bytes === size_bytes;
        position = { sessionId: chunk.session?.id ?? 0, afterSeq: isWhole ? seq : seq - 1, offset: isWhole ? 0 : offset + bytes };
      }
    }
    expect(got).toEqual([
      [0, liveViewBytesMax],
      [0, liveViewBytesMax],
      [0, 5],
      [1, 10],
    ]);
  });

  it('that are more than memory is meant for leave by groups of pictures, and who is a little late misses nothing of the newest', async () => {
    const { parts, push } = makeParts();
    const size = 1024 * 1024;
    parts.begin(init, track);
    const { session } = await parts.read(begin, 0);
    // Two groups of 3 s, of 12 MiB each.
    for (let count = 0; count < 24; count++) push(count % 12 === 0, { size });
    expect((await parts.read(begin, 0)).parts[0]).toMatchObject({ seq: 12, starts_with_key_frame: true });
    const late = await parts.read({ sessionId: session?.id ?? 0, afterSeq: 12, offset: 0 }, 0);
    expect(late.parts[0]?.seq).toBe(13);
  });

  it('of one group that is more than memory is meant for go on for who is up to date; others begin with the next key frame', async () => {
    const { parts, push } = makeParts();
    const size = 1024 * 1024;
    parts.begin(init, track);
    push(true, { size });
    const { session } = await parts.read(begin, 0);
    const sessionId = session?.id ?? 0;
    for (let seq = 1; seq < 40; seq++) {
      push(false, { size });
      expect((await parts.read({ sessionId, afterSeq: seq - 1, offset: 0 }, 0)).parts[0]?.seq).toBe(seq);
    }
    expect((await parts.read(begin, 0)).parts).toEqual([]);
    expect((await parts.read({ sessionId, afterSeq: 2, offset: 0 }, 0)).parts).toEqual([]);
    push(true);
    for (const position of [begin, { sessionId, afterSeq: 2, offset: 0 }])
      expect((await parts.read(position, 0)).parts.map(({ seq }) => seq)).toEqual([40]);
  });

  it('say when they were captured also after hours with a camera whose clock is slow, or fast', async () => {
    for (const drift of [-0.0001, 0.0001]) {
      const { clock, parts } = makeParts();
      parts.begin(init, track);
      const fragmentMs = 250;
      for (let count = 0; count < 50_000; count++) {
        clock.advance(fragmentMs);
        const startTicks = count * fragmentMs * (1 + drift);
        const piecesFrom = () => [Buffer.alloc(1)];
        parts.push({ startTicks, durationTicks: fragmentMs, startsWithKeyFrame: count % 4 === 0, piecesFrom }, clock.wallMs());
      }
      const last = (await parts.read(begin, 0)).parts.at(-1);
      expect(Math.abs((last?.captured_unix_ms ?? 0) + fragmentMs - clock.wallMs())).toBeLessThan(20);
    }
  });

  it('end with their connection, which is told at once, and begin anew with the next', async () => {
    const { parts, pushGroup } = makeParts();
    parts.begin(init, track);
    pushGroup();
    const { session } = await parts.read(begin, 0);
    const reading = parts.read({ sessionId: session?.id ?? 0, afterSeq: 3, offset: 0 }, 60_000);
    parts.end();
    expect(await reading).toMatchObject({ session: null, parts: [] });
    const waiting = parts.read(begin, 60_000);
    parts.begin(init, track);
    expect((await waiting).session?.id).toBeGreaterThan(session?.id ?? 0);
  });

  it('that do not come leave an empty answer', async () => {
    const { parts } = makeParts();
    expect(await parts.read(begin, 5)).toMatchObject({ session: null, initBytes: 0, parts: [] });
  });
});
