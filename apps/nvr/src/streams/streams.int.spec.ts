import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { claimStreams, DecodeReport, decodingTold, releaseStreams } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://demo:s3cret@127.0.0.1:18554/camera' });
});
afterAll(() => nvr.stop());

describe('streams', () => {
  const claim = (agent_id: string, slots_total: number) =>
    nvr.bus.request(claimStreams, { agent_id, slots_total, feedback: [] }, { timeoutMs: 60_000 });
  const release = (agent_id: string) => nvr.bus.request(releaseStreams, { agent_id }, { timeoutMs: 60_000 });

  it('are given to the agent that asks, with credentials in the URL, for ten seconds', async () => {
    expect(await claim('a', 4)).toMatchObject({
      lease_ms: 10_000,
      streams: [
        {
          camera_id: 1,
          stream_id: '70c75b04-1ec8-4aa1-930c-ddad9e47b54b',
          frames_name: 'camera_0',
          name: 'Demo camera',
          url: 'rtsp://demo:s3cret@127.0.0.1:18554/camera',
          frames_per_second: 2,
        },
      ],
    });
  });

  it('have one owner at a time, and go on when he gives them back or falls silent', async () => {
    expect((await claim('b', 4)).streams).toEqual([]);
    expect(await release('a')).toEqual({ released: 1 });
    expect((await claim('b', 4)).streams).toHaveLength(1);
    await nvr.database.camera.update({ where: { id: 1 }, data: { analysedUntil: new Date(Date.now() - 1_000) } });
    await release('b');
    expect((await claim('c', 4)).streams).toHaveLength(1);
    expect((await claim('c', 0)).streams).toEqual([]);
  });

  it('take their open events with them when their agent falls silent, and nobody else’s', async () => {
    const startedAt = new Date(Date.now() - 60_000);
    const event = { cameraId: 1, source: 'tier0', eventType: 'track', label: 'person', startedAt } as const;
    await release('c');
    await claim('e', 4);
    const abandoned = await nvr.database.event.create({ data: { ...event, trackId: 'e-1' } });
    expect((await claim('e', 4)).streams).toHaveLength(1);
    expect(await nvr.database.event.findFirst({ where: { id: abandoned.id } })).toMatchObject({ endedAt: null, seq: abandoned.seq });
    const silentSince = new Date(Date.now() - 1_000);
    await nvr.database.camera.update({ where: { id: 1 }, data: { analysedUntil: silentSince } });
    await release('e');
    expect((await claim('f', 4)).streams).toHaveLength(1);
    const ended = await nvr.database.event.findFirstOrThrow({ where: { id: abandoned.id } });
    expect(ended.endedAt).toEqual(silentSince);
    expect(ended.seq).toBeGreaterThan(abandoned.seq);
    await release('f');
  });

  it('leave no event open when their agent was killed and begins anew under its name, within its lease or long after', async () => {
    const startedAt = new Date(Date.now() - 60_000);
    const event = { cameraId: 1, source: 'tier0', eventType: 'track', label: 'person', startedAt } as const;
    const find = (id: bigint) => nvr.database.event.findFirstOrThrow({ where: { id } });
    await release('h');
    await claim('h', 4);
    const within = await nvr.database.event.create({ data: { ...event, trackId: 'h-1' } });
    // What an agent says before its first claim.
    expect(await release('h')).toEqual({ released: 1 });
    expect((await claim('h', 4)).streams).toHaveLength(1);
    expect((await find(within.id)).endedAt).not.toBeNull();
    const after = await nvr.database.event.create({ data: { ...event, trackId: 'h-2' } });
    const silentSince = new Date(Date.now() - 30_000);
    await nvr.database.camera.update({ where: { id: 1 }, data: { analysedUntil: silentSince } });
    await release('h');
    expect((await claim('h', 4)).streams).toHaveLength(1);
    expect((await find(after.id)).endedAt).toEqual(silentSince);
    await release('h');
  });

  it('are the substreams of cameras that have one, with the main stream behind; what is told of their decoding is shown', async () => {
    const { id, uuid } = await nvr.database.camera.update({
      where: { id: 1 },
      data: { substreamUrl: 'rtsp://127.0.0.1:18554/small' },
    });
    const [stream] = (await claim('g', 4)).streams;
    expect(stream).toMatchObject({
      url: 'rtsp://demo:s3cret@127.0.0.1:18554/small',
      main_url: 'rtsp://demo:s3cret@127.0.0.1:18554/camera',
    });
    const shown = async () => (await (await nvr.fetch(`/api/v1/cameras/${id}/decode`)).json()) as unknown;
    const nothing = { camera_id: id, agent_id: null, decoding: null, reason: 'no agent tells of this camera' };
    expect(await shown()).toEqual(nothing);
    const report = DecodeReport.parse({
      ...{ stream_id: uuid, camera_id: id, state: 'idle', reason: 'quiet', since_unix_ms: 1, last_wake: null, connected: true },
      ...{ stream: 'sub', main_because: null, reading: 'direct', picture: { w: 640, h: 360 }, codec: 'h264', hardware: 'none' },
      ...{ separation: 'separates', motion: 'quiet', units: 9, pictures: 3, dropped: { decoder_too_slow: 0, adapter_too_slow: 0 } },
    });
    nvr.bus.publish(decodingTold, { agent_id: 'g', streams: [report] });
    await until(async () => JSON.stringify(await shown()).includes('"agent_id":"g"'));
    expect(await shown()).toEqual({ camera_id: id, agent_id: 'g', decoding: report, reason: null });
    await nvr.database.camera.update({ where: { id: 1 }, data: { substreamUrl: null } });
    await release('g');
  });

  it('are not given away when their camera is inactive or not to be analysed', async () => {
    await nvr.database.camera.update({ where: { id: 1 }, data: { analyticsEnabled: false } });
    expect((await claim('d', 4)).streams).toEqual([]);
    await nvr.database.camera.update({ where: { id: 1 }, data: { analyticsEnabled: true } });
  });
});
