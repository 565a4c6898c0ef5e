import { describe, expect, it } from '@jest/globals';
import { defaultMonitoringPolicy, ResourceHistory, sampleEveryMs, type ResourceSample } from './resource-history.js';

const quiet = { cpuPercent: 10, memoryPercent: 20, diskPercent: 30, diskFreeBytes: 100 };

function history(count: number, change: (index: number) => Partial<ResourceSample> = () => ({})): ResourceHistory {
  const filled = new ResourceHistory();
  for (let index = 0; index < count; index++) filled.add({ ...quiet, ...change(index), atUnixMs: index * sampleEveryMs });
  return filled;
}

describe('the history of resources', () => {
  it('keeps every sample of an hour and a mean of each five minutes of a day', () => {
    const day = history(6_000);
    const nowMs = 5_999 * sampleEveryMs;
    expect(day.list(nowMs - 3_600_000, nowMs).length).toBe(240);
    const ofDay = day.list(nowMs - 24 * 3_600_000, nowMs);
    expect([ofDay.length > 285, ofDay.length <= 289]).toEqual([true, true]);
    expect(ofDay[0]).toMatchObject(quiet);
  });

  it('means what is known', () => {
    const half = history(42, (index) => ({ cpuPercent: index === 0 ? null : 50, diskPercent: null }));
    expect(half.list(-24 * 3_600_000, 41 * sampleEveryMs)[0]).toMatchObject({ cpuPercent: 50, diskPercent: null, memoryPercent: 20 });
  });

  it('tells of a busy machine when it stays busy, and of a full disk at once', () => {
    expect(history(9, () => ({ cpuPercent: 95 })).alerts(defaultMonitoringPolicy)).toEqual([
      { alert_type: 'cpu_high', since: '1970-01-01T00:00:00.000Z' },
    ]);
    expect(history(8, () => ({ cpuPercent: 95 })).alerts(defaultMonitoringPolicy)).toEqual([]);
    expect(history(20, (index) => ({ memoryPercent: index === 15 ? 10 : 99 })).alerts(defaultMonitoringPolicy)).toEqual([]);
    expect(history(3, (index) => (index === 2 ? { diskPercent: 91 } : {})).alerts(defaultMonitoringPolicy)).toEqual([
      { alert_type: 'disk_low', since: '1970-01-01T00:00:30.000Z' },
    ]);
    expect(history(1, () => ({ diskPercent: null })).alerts(defaultMonitoringPolicy)).toMatchObject([{ alert_type: 'disk_stat_error' }]);
    expect(new ResourceHistory().alerts(defaultMonitoringPolicy)).toEqual([]);
  });

  it('tells by what an admin decided, and of the end only when it is clearly over', () => {
    const policy = { ...defaultMonitoringPolicy, cpuPercent: 50, sustainedSeconds: 15 };
    const cpu = (...percents: number[]) => history(percents.length, (index) => ({ cpuPercent: percents[index]! })).alerts(policy);
    expect(cpu(60, 60)).toMatchObject([{ alert_type: 'cpu_high' }]);
    expect(cpu(60, 60, 46)).toMatchObject([{ alert_type: 'cpu_high', since: '1970-01-01T00:00:00.000Z' }]);
    expect([cpu(60, 60, 44), cpu(60, 60, 44, 46, 46), cpu(46, 46, 46)]).toEqual([[], [], []]);
    const free = history(1).alerts({ ...policy, diskFreeBytesMin: 101 });
    expect(free).toMatchObject([{ alert_type: 'disk_low' }]);
    expect(history(9, () => ({ cpuPercent: 99, diskPercent: null })).alerts({ ...policy, enabled: false })).toEqual([]);
  });
});
