import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { finishJob, outcomePartCharactersMax, putOutcomePart, type FinishedOutcome, type Work } from '@nightjar/contracts';
import { callMs, GatewayFixture, startGatewayServices, videoResult, type GatewayServices } from '../gateway.fixture.js';

const result = {
  ...videoResult,
  ocr_results: Array.from({ length: 4_000 }, (_, line) => ({
    language_code: 'en',
    full_text: `line ${line} "quoted" \\ 😀 ${'x'.repeat(100)}`,
    time_segment: { start_seconds: line, end_seconds: line + 1 },
  })),
};
const outcome: FinishedOutcome = { state: 'finished', media_type: 'video', result, duration_seconds: 2 };
/** Cut with an offset, so that the last one is short. */
const pieces = JSON.stringify(outcome).match(new RegExp(`[^]{1,${outcomePartCharactersMax - 7}}`, 'gu')) ?? [];

describe('an outcome in parts', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start(services);
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const put = async ({ job_id, lease }: Work, part: number, text: string) =>
    (await fixture.agentBus.request(putOutcomePart, { job_id, lease, part, text }, { timeoutMs: callMs })).accepted;
  const finish = async ({ job_id, lease }: Work, parts: number) =>
    (await fixture.agentBus.request(finishJob, { job_id, lease, outcome: { state: 'finished_in_parts', parts } }, { timeoutMs: callMs }))
      .accepted;

  it('is the result of its job once all parts are there, in whatever order and however often they came', async () => {
    expect(pieces.length).toBeGreaterThan(3);
    const jobId = await fixture.submitVideo();
    const work = await fixture.claimWork();
    for (const part of [...pieces.keys()].reverse()) expect(await put(work, part, pieces[part] ?? '')).toBe(true);
    expect(await put(work, 1, pieces[1] ?? '')).toBe(true);
    expect(await finish(work, pieces.length)).toBe(true);
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'finished', result });
    expect(await fixture.database.jobResultPart.count()).toBe(0);
  });

  it.each([
    ['a part is missing', (all: readonly string[]) => all.slice(0, -1)],
    ['a part is broken', (all: readonly string[]) => all.map((text, part) => (part === 2 ? text.replaceAll('"', '') : text))],
    [
      'they make JSON of another kind',
      (all: readonly string[]) => all.map((_text, part) => (part === 0 ? '[' : part === all.length - 1 ? ']' : ' ')),
    ],
  ])('fails its job when %s', async (_what, spoil) => {
    const jobId = await fixture.submitVideo();
    const work = await fixture.claimWork();
    for (const [part, text] of spoil(pieces).entries()) await put(work, part, text);
    expect(await finish(work, pieces.length)).toBe(true);
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'failed', result: null, error: { code: 'result_not_delivered' } });
    expect(await fixture.database.jobResultPart.count()).toBe(0);
  });

  it('is refused under a lease that is not the current one, and leaves nothing', async () => {
    const jobId = await fixture.submitVideo();
    const lost = await fixture.claimWork();
    expect(await put(lost, 0, pieces[0] ?? '')).toBe(true);
    await fixture.finish(lost, { state: 'returned', reason: 'the agent stops' });
    expect(await put(lost, 1, pieces[1] ?? '')).toBe(false);
    expect(await finish(lost, 2)).toBe(false);
    const second = await fixture.claimWork();
    expect(await fixture.database.jobResultPart.count()).toBe(0);
    // The parts of the first attempt are not the second one's.
    expect(await put(second, 1, pieces[1] ?? '')).toBe(true);
    expect(await finish(second, 2)).toBe(true);
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'failed', error: { code: 'result_not_delivered' } });
    expect(await fixture.database.jobResultPart.count()).toBe(0);
  });
});
