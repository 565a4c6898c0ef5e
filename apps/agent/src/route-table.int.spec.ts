import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestBus, type TestBus } from '@nightjar/testing';
import { AgentFixture } from './agent.fixture.js';

let bus: TestBus;
let fixture: AgentFixture;
beforeAll(async () => {
  bus = await startTestBus();
  fixture = await AgentFixture.start({ natsUrl: bus.url });
});
afterAll(async () => {
  await fixture?.close();
  await bus?.stop();
});

describe('the routes of the agent', () => {
  it('each declare who may call them', () => {
    const table = fixture.agent.routes
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, policy, url }) => `${method} ${url} ${policy.kind}`);
    expect(table.sort()).toEqual([
      'GET /1/config authenticated',
      'GET /1/plugins authenticated',
      'GET /1/ws authenticated',
      'GET /config authenticated',
      'GET /configs authenticated',
      'GET /decoding authenticated',
      'GET /docs/dev public',
      'GET /docs/dev/index.html public',
      'GET /docs/errors public',
      'GET /docs/spec public',
      'GET /docs/spec/assets/:file public',
      'GET /docs/spec/openapi.json public',
      'GET /healthcheck public',
      'GET /livez public',
      'GET /metrics authenticated',
      'GET /plugins authenticated',
      'GET /readyz public',
      'GET /version public',
    ]);
  });
});
