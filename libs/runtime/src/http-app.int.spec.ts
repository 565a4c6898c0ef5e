import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Delete, Get, Module, Param, Post } from '@nestjs/common';
import { AppError } from './app-error.js';
import { Health } from './health.js';
import { startHttpApp, type HttpApp } from './http-app.js';
import type { Logger } from './logger.js';

@Controller()
class SampleController {
  @Get('busy')
  busy(): never {
    throw new AppError('overloaded', 'no slot is free', { retryAfterMs: 1_500 });
  }

  @Get('broken')
  broken(): never {
    throw new Error('the secret is hunter2');
  }

  @Get('things/:id')
  thing(@Param('id') id: string): never {
    throw new AppError('not_found', `no thing has an id of ${id.length} characters`);
  }

  @Post('echo')
  echo(@Body() body: unknown): { ok: true; hasBody: boolean } {
    return { ok: true, hasBody: body !== undefined };
  }

  @Delete('things/:id')
  drop(@Body() body: unknown): { hasBody: boolean } {
    return { hasBody: body !== undefined };
  }
}

@Module({ controllers: [SampleController] })
class SampleModule {}

/** Keeps what would be written. */
function collectingLogger(lines: string[]): Logger {
  const write = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  return logger;
}

describe('an HTTP app', () => {
  const logLines: string[] = [];
  const health = new Health();
  let http: HttpApp;
  let databaseState: string | undefined;

  beforeAll(async () => {
    health.addCheck('database', () => databaseState);
    http = await startHttpApp({
      module: SampleModule,
      host: '127.0.0.1',
      port: 0,
      logger: collectingLogger(logLines),
      health,
      bodyLimitBytes: 1_000,
      jsonShape: { levels: 3, containers: 10, texts: 10, commas: 10 },
    });
  });
  afterAll(() => http.close());

  const get = (path: string, init?: RequestInit) => fetch(http.url + path, init);

  it('answers errors of ours as problems, with the request id and when to come again', async () => {
    const response = await get('/busy', { headers: { 'X-Request-Id': 'abc-1' } });
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(response.headers.get('retry-after')).toBe('2');
    expect(response.headers.get('x-request-id')).toBe('abc-1');
    expect(await response.json()).toMatchObject({ status: 503, code: 'overloaded', detail: 'no slot is free', requestId: 'abc-1' });
  });

  it('never tells what an unexpected error says', async () => {
    const response = await get('/broken');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('hunter2');
  });

  it.each([
    ['POST', '/echo', '{"a":', 400],
    ['POST', '/echo', JSON.stringify('x'.repeat(2_000)), 413],
    ['POST', '/echo', '[[[[1]]]]', 400],
    ['POST', '/echo', '{"__proto__":{"isAdmin":true}}', 400],
    ['POST', '/echo', '{"a":{"constructor":{"prototype":1}}}', 400],
    ['GET', '/nowhere', undefined, 404],
    ['GET', '/things/%zz', undefined, 400],
    ['GET', `/things/${'x'.repeat(101)}`, undefined, 404],
  ])('%s %s with a bad request is the client’s fault', async (method, path, body, status) => {
    const response = await get(path, { method, ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }) });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  it('takes JSON of the shape it may have', async () => {
    const response = await get('/echo', { method: 'POST', body: '[[[1,"[[[[["]]]', headers: { 'content-type': 'application/json' } });
    expect(response.status).toBe(201);
  });

  it.each([
    ['POST', 'application/json'],
    ['POST', 'application/json; charset=utf-8'],
    ['DELETE', 'application/json'],
    ['POST', 'application/x-www-form-urlencoded'],
    ['POST', 'text/plain'],
  ])('takes an empty body for none: %s of %s', async (method, type) => {
    const response = await get(method === 'POST' ? '/echo' : '/things/1', { method, body: '', headers: { 'content-type': type } });
    expect([response.status, await response.json()]).toEqual([method === 'POST' ? 201 : 200, expect.objectContaining({ hasBody: false })]);
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=b', 'application/octet-stream', 'odd'])(
    'reads nothing but JSON: %s is 415, and a path that leads nowhere stays 404',
    async (type) => {
      const init = { method: 'POST', body: 'a=1', headers: { 'content-type': type } };
      expect([(await get('/echo', init)).status, (await get('/nowhere', init)).status]).toEqual([415, 404]);
    },
  );

  it('repeats no query of a request that leads nowhere, in its answer or its log: it may be a ticket', async () => {
    for (const path of ['/nowhere?ticket=hunter2', '/things/%zz?ticket=hunter2']) {
      expect(await (await get(path)).text()).not.toContain('hunter2');
    }
    expect(logLines.filter((line) => line.includes('request refused')).length).toBeGreaterThan(0);
    expect(logLines.join()).not.toContain('hunter2');
  });

  it('replaces a request id that could break a log line', async () => {
    const response = await get('/livez', { headers: { 'X-Request-Id': 'has space' } });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is live always, and ready only while its checks pass', async () => {
    databaseState = 'away';
    expect((await get('/livez')).status).toBe(200);
    const unready = await get('/readyz');
    expect(unready.status).toBe(503);
    expect(await unready.json()).toEqual({ status: 'not ready', checks: { database: 'away' } });
    databaseState = undefined;
    expect((await get('/readyz')).status).toBe(200);
  });
});
