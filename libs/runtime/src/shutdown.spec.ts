import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.js';
import { Shutdown } from './shutdown.js';

const logger = createLogger({ service: 'spec', level: 'silent' });

describe('a shutdown', () => {
  it('stops in the reverse order of start, once, whatever fails on the way', async () => {
    const stopped: string[] = [];
    const shutdown = new Shutdown({ logger });
    shutdown.register('database', () => void stopped.push('database'));
    shutdown.register('bus', () => {
      stopped.push('bus');
      throw new Error('bus is away');
    });
    shutdown.register('http', async () => void stopped.push('http'));
    await Promise.all([shutdown.run('test'), shutdown.run('test again')]);
    expect(stopped).toEqual(['http', 'bus', 'database']);
  });

  it('aborts its signal before the first step, so that loops end', async () => {
    const shutdown = new Shutdown({ logger });
    let abortedAtStep = false;
    shutdown.register('loop', () => {
      abortedAtStep = shutdown.signal.aborted;
    });
    await shutdown.run('test');
    expect(abortedAtStep).toBe(true);
  });
});
