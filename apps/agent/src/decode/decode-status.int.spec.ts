import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DecodeReport, decodingTold } from '@nightjar/contracts';
import { startTestBus, startTestCamera, until, type TestBus } from '@nightjar/testing';
import { z } from 'zod';
import { AgentFixture, streamId } from '../agent.fixture.js';

const Listed = z.object({ streams: z.array(DecodeReport) });

let bus: TestBus;
let camera: Awaited<ReturnType<typeof startTestCamera>>;
let fixture: AgentFixture;
const heard: DecodeReport[] = [];

beforeAll(async () => {
  [bus, camera] = await Promise.all([startTestBus(), startTestCamera()]);
  fixture = await AgentFixture.start({ natsUrl: bus.url });
  fixture.bus.on(decodingTold, ({ streams }) => void heard.push(...streams));
});
afterAll(async () => {
  await fixture?.close();
  await camera?.close();
  await bus?.stop();
});

async function decoding(): Promise<DecodeReport | undefined> {
  const answer = await fetch(`${fixture.agent.url}/decoding`);
  expect(answer.status).toBe(200);
  return Listed.parse(await answer.json()).streams[0];
}

/** Waits for what `/decoding` says of the stream. */
async function untilDecoding(isSo: (report: DecodeReport) => boolean): Promise<DecodeReport> {
  let last: DecodeReport | undefined;
  await until(async () => {
    last = await decoding();
    return last !== undefined && isSo(last);
  });
  if (!last) throw new Error('nothing is decoded');
  return last;
}

describe('what an agent says of its decoding', () => {
  it('is told for a substream: which one, how much of it and why, over HTTP and on the bus, without any address', async () => {
    expect(await decoding()).toBeUndefined();
    fixture.assign(camera.url, { main_url: `${camera.url}-main` });
    const report = await untilDecoding(({ pictures }) => pictures >= 4);
    expect(report).toMatchObject({
      ...{ stream_id: streamId, camera_id: 1, state: 'active', connected: true, stream: 'sub', main_because: null, reading: 'direct' },
      ...{ codec: 'h264', hardware: 'none', picture: { w: 640, h: 360 }, dropped: { decoder_too_slow: 0 } },
      restless_share: 0,
    });
    expect(report.units).toBeGreaterThan(report.pictures);
    expect(Math.abs(Date.now() - (report.last_wake?.at_unix_ms ?? 0))).toBeLessThan(60_000);
  });

  it('names the main stream, and why, once the substream has failed three times', async () => {
    fixture.assign(`${camera.url}-none`, { main_url: camera.url });
    const report = await untilDecoding(({ pictures, stream }) => stream === 'main' && pictures > 0);
    expect(report).toMatchObject({ stream: 'main', main_because: 'the substream fails: the camera has no stream at this address' });
    await until(() => heard.length > 0);
    expect(JSON.stringify([report, heard])).not.toContain('rtsp://');
    const numbers = await (await fetch(`${fixture.agent.url}/metrics`)).text();
    expect(numbers).toMatch(/agent_stream_info\{stream="camera_0",kind="rtsp",.*camera_stream="main"\}/);
  });
});
