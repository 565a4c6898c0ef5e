import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inferenceFrame, type InferenceFrame } from '@nightjar/contracts';
import { startTestBus, startTestCamera, type TestBus, until } from '@nightjar/testing';
import { AgentFixture } from '../agent.fixture.js';

let busServer: TestBus;
let camera: Awaited<ReturnType<typeof startTestCamera>>;
let fixture: AgentFixture;

beforeAll(async () => {
  [busServer, camera] = await Promise.all([startTestBus(), startTestCamera()]);
  fixture = await AgentFixture.start({ natsUrl: busServer.url });
});

afterAll(async () => {
  await fixture.close();
  await camera.close();
  await busServer.stop();
});

describe('a stream whose callback is never let through', () => {
  it('works on, tells nvr which one it is and why, and names on the bus the model that looked', async () => {
    const frames: InferenceFrame[] = [];
    fixture.bus.on(inferenceFrame, (frame) => void frames.push(frame));
    const parameters = { callbacks: [{ type: 'http', url: 'http://10.0.0.1/k3y' }], parameters: { probe_count: 1 } };
    fixture.assign(camera.url, { analytics: [{ analytic_name: 'people_count', parameters }] });
    await until(() => fixture.feedback[0]?.error != null);
    const error = 'people_count: events do not reach /callbacks/0 at http://10.0.0.1: this address is not allowed, or its host is unknown';
    expect(fixture.feedback).toMatchObject([{ status: 'in_progress', error }]);
    await until(() => frames.length > 0);
    expect(frames[0]).toMatchObject({ model_name: 'test', model_version: '1', model_fingerprint: 'test' });
  });
});
