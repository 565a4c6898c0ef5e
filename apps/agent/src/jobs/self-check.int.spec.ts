import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { agentCapacity, type AgentCapacity } from '@nightjar/contracts';
import { AppError, sleep } from '@nightjar/runtime';
import { makeTestVideo, startTestBus, until, type TestBus } from '@nightjar/testing';
import { AgentFixture, findsPersons } from '../agent.fixture.js';

let busServer: TestBus;
let fixture: AgentFixture;
let told: AgentCapacity[];

beforeEach(async () => {
  busServer = await startTestBus();
  told = [];
});

afterEach(async () => {
  await fixture.close();
  await busServer.stop();
});

async function start(selfCheck: boolean): Promise<void> {
  fixture = await AgentFixture.start({ natsUrl: busServer.url, config: { selfCheck } });
  fixture.bus.on(agentCapacity, (capacity) => void told.push(capacity));
}

describe('what an agent tells of itself', () => {
  it('names its slots and how many of them are busy', async () => {
    await start(false);
    await until(() => told.some((capacity) => capacity.job_slots_busy === 0));
    expect(told[0]).toMatchObject({ job_slots_total: 1, stream_slots_total: 4, stream_slots_busy: 0, self_check: null });
    await mkdir(fixture.file('media'));
    await makeTestVideo({ file: fixture.file('media', 'clip.mp4'), seconds: 2 });
    fixture.engine = () => Promise.reject(new AppError('overloaded', 'busy'));
    fixture.queueVideo('clip.mp4');
    await until(() => told.at(-1)?.job_slots_busy === 1);
  });

  it('has a latency before the first job, measured by the code of jobs as soon as an adapter answers', async () => {
    await start(true);
    fixture.engine = async (work) => {
      // A timer may come a millisecond early.
      await sleep(22);
      return findsPersons([100, 50, 80, 200])(work);
    };
    await until(() => told.some((capacity) => capacity.self_check !== null));
    const { self_check: selfCheck } = told.at(-1) ?? {};
    expect(selfCheck?.image_ms).toBeGreaterThanOrEqual(20);
    expect(selfCheck?.video_ms_per_second).toBeGreaterThanOrEqual(20);
    expect(fixture.sources).toContain('batch self-check');
    expect(fixture.outcomes).toEqual([]);
  });

  it('steps aside for a job, which is done first', async () => {
    await start(true);
    await mkdir(fixture.file('media'));
    await makeTestVideo({ file: fixture.file('media', 'clip.mp4'), seconds: 2 });
    fixture.engine = (work) =>
      work.request.source === 'self-check' ? Promise.reject(new AppError('overloaded', 'busy')) : findsPersons()(work);
    const work = fixture.queueVideo('clip.mp4');
    expect((await fixture.outcomeOf(work)).state).toBe('finished');
    fixture.engine = findsPersons();
    await until(() => told.some((capacity) => capacity.self_check !== null));
  });
});
