import { beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, FakeClock } from '@nightjar/runtime';
import { assignedStream as stream, context, frameAt, objectAt } from './analytic.fixture.js';
import { analytics } from './analytics.js';
import { AnalyticsRunner } from './analytics-runner.js';
import type { CallbackSender } from './callback-sender.js';
import { MessageRoads } from './message-roads.js';

const logger = createLogger({ service: 'agent', level: 'silent' });

/** Why an address takes no event; null: it does. */
let failureOf: (url: string) => string | null;
let runner: AnalyticsRunner;

beforeEach(() => {
  failureOf = () => null;
  const send: CallbackSender['send'] = ({ url }, _body, onEnd) => onEnd?.(failureOf(url));
  runner = new AnalyticsRunner({
    analytics,
    context,
    events: undefined,
    roads: new MessageRoads({ stream, sender: { send }, pictures: { writeOverview: () => Promise.resolve() }, logger }),
    faces: { take: () => undefined, stop: () => Promise.resolve() },
    clock: new FakeClock(),
    logger,
  });
});

const configure = (...urls: string[]) => {
  const callbacks = urls.map((url) => ({ type: 'http', url }));
  const parameters = { callbacks, parameters: { probe_count: 1, rate: { unit: 'frame', period: 1 } } };
  runner.configure([{ analytic_name: 'people_count', parameters }]);
};
/** Somebody comes, of whom callbacks are told, and goes again. */
const crowdAt = (second: number) => {
  runner.update({ result: frameAt(second, [objectAt(1, 500, 500)]), model: undefined });
  runner.update({ result: frameAt(second + 1, []), model: undefined });
};

describe('a callback that gets no events', () => {
  it('is told of with its place and server until one arrives, and does not end its analytic', () => {
    configure('https://good.example/hook', 'http://10.0.0.1/k3y');
    failureOf = (url) => (url.startsWith('http://10.0.0.1/') ? 'this address is not allowed, or its host is unknown' : null);
    expect(runner.callbackProblem).toBeNull();
    crowdAt(1);
    expect(runner.callbackProblem).toBe(
      'people_count: events do not reach /callbacks/1 at http://10.0.0.1: this address is not allowed, or its host is unknown',
    );
    expect([runner.problem, runner.hasFailed]).toEqual([null, false]);
    failureOf = () => null;
    crowdAt(3);
    expect(runner.callbackProblem).toBeNull();
  });

  it('is not told of any more when its user has changed it', () => {
    configure('http://10.0.0.1/');
    failureOf = () => 'it answers 404';
    crowdAt(1);
    expect(runner.callbackProblem).toContain('it answers 404');
    configure('https://good.example/hook');
    expect(runner.callbackProblem).toBeNull();
  });
});
