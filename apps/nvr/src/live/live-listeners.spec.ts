import { describe, expect, it } from '@jest/globals';
import type { LiveClient } from './live-client.js';
import { LiveListeners } from './live-listeners.js';

const clientOf = (...cameraIds: number[]) => ({ filter: { cameraIds: new Set(cameraIds) } }) as unknown as LiveClient;
const clientOfAll = () => ({ filter: { cameraIds: undefined } }) as unknown as LiveClient;
const narrow = (client: LiveClient, ...cameraIds: number[]) => Object.assign(client.filter, { cameraIds: new Set(cameraIds) });

describe('who listens to a camera', () => {
  it('is who asked for it, and who asked for all', () => {
    const listeners = new LiveListeners();
    const [first, second, all] = [clientOf(1, 2), clientOf(2), clientOfAll()];
    for (const client of [first, second, all]) listeners.add(client);
    expect([1, 2, 3].map((cameraId) => new Set(listeners.of(cameraId)))).toEqual([
      new Set([all, first]),
      new Set([all, first, second]),
      new Set([all]),
    ]);
    expect(listeners.size).toBe(3);
  });

  it('is nobody who has left, also when his rights change afterwards', () => {
    const listeners = new LiveListeners();
    const client = clientOf(1);
    listeners.add(client);
    listeners.remove(client);
    narrow(client, 2);
    listeners.refile(client);
    expect([...listeners.of(1), ...listeners.of(2), listeners.size]).toEqual([0]);
  });

  it('follows a filter that has become another one', () => {
    const listeners = new LiveListeners();
    const [client, wasAll] = [clientOf(1, 2), clientOfAll()];
    listeners.add(client);
    listeners.add(wasAll);
    narrow(client, 2, 3);
    narrow(wasAll, 3);
    listeners.refile(client);
    listeners.refile(wasAll);
    expect([1, 2, 3].map((cameraId) => [...listeners.of(cameraId)].length)).toEqual([0, 1, 2]);
  });
});
