import { describe, expect, it } from '@jest/globals';
import { DecodeReport } from '@nightjar/contracts';
import { DecodeReports } from './decode-reports.js';

function report(cameraId: number | null, state = 'idle'): DecodeReport {
  return DecodeReport.parse({
    ...{
      stream_id: '70c75b04-1ec8-4aa1-930c-ddad9e47b54b',
      camera_id: cameraId,
      state,
      reason: 'quiet',
      since_unix_ms: 1,
      last_wake: null,
    },
    ...{ connected: true, stream: 'sub', main_because: null, reading: 'direct', picture: null, codec: 'h264', hardware: 'none' },
    ...{ separation: 'untested', motion: 'quiet', units: 1, pictures: 1, dropped: { decoder_too_slow: 0, adapter_too_slow: 0 } },
  });
}

describe('what agents told of the decoding of cameras', () => {
  it('is the newest, whoever told it, and nothing of streams that are no cameras', () => {
    const reports = new DecodeReports({ monotonicMs: () => 0, wallMs: () => 0 });
    reports.hear({ agent_id: 'first', streams: [report(1), report(2), report(null)] });
    reports.hear({ agent_id: 'second', streams: [report(2, 'active')] });
    expect(reports.find(1)).toMatchObject({ agentId: 'first', report: { state: 'idle' } });
    expect(reports.find(2)).toMatchObject({ agentId: 'second', report: { state: 'active' } });
    expect(reports.find(3)).toBeUndefined();
  });

  it('says whether an agent is there, also one without streams', () => {
    let nowMs = 0;
    const reports = new DecodeReports({ monotonicMs: () => nowMs, wallMs: () => 0 });
    expect(reports.hasAgents).toBe(false);
    reports.hear({ agent_id: 'first', streams: [] });
    nowMs = 15_000;
    expect(reports.hasAgents).toBe(true);
    nowMs = 15_001;
    expect(reports.hasAgents).toBe(false);
  });

  it('is forgotten when it is not told again, and bounded', () => {
    let nowMs = 0;
    const reports = new DecodeReports({ monotonicMs: () => nowMs, wallMs: () => 0 });
    reports.hear({ agent_id: 'first', streams: [report(1)] });
    nowMs = 15_000;
    expect(reports.find(1)).toBeDefined();
    nowMs = 15_001;
    expect(reports.find(1)).toBeUndefined();
    for (let part = 0; part < 5; part++)
      reports.hear({ agent_id: 'first', streams: Array.from({ length: 1_024 }, (_, index) => report(part * 1_024 + index + 1)) });
    expect(reports.find(1_024)).toBeUndefined();
    expect(reports.find(1_025)).toBeDefined();
  });
});
