import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { offerAnalytics } from '@nightjar/contracts';
import { parseNetwork } from '@nightjar/outbound';
import { until } from '@nightjar/testing';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const ownPort = 9100;
const point = { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }] };
/** As agents of ours publish theirs. */
const offered = (analytic_name: string, properties: object) => ({
  analytic_name,
  description: '',
  documentation: '',
  version: '1.0.0',
  parameters: {},
  validation_schema: { type: 'object', properties },
});

interface Told {
  stream_id: string;
  analytic_id: string;
  error_code: number;
  detail: string;
}

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr({
    webhooks: { networks: [parseNetwork('127.0.0.0/8')!], ownPorts: [ownPort], signatureFormat: 'sha256=hex' },
  });
  const analytics = [
    offered('people_count', { parameters: { type: 'object', 'x-counts-something': true } }),
    offered('line_crossing', { line: { type: 'object', properties: { a: point, b: point }, 'x-has-length': true } }),
    offered('intrusion', { zone: { type: 'object', properties: { points: { type: 'array', items: point, 'x-encloses-area': true } } } }),
  ];
  await nvr.bus.request(offerAnalytics, { agent_id: 'ours', analytics }, { timeoutMs: 60_000 });
});
afterAll(() => nvr.stop());

const send = (method: string, route: string, body?: unknown) => nvr.send<Told>(method, `/1${route}`, body);
const ask = (analytic_name: string, parameters: object) =>
  send('POST', '/streams', { data: { reference: 'rtsp://10.0.0.9/live' }, analytics: [{ analytic_name, parameters }] });
const callingBack = (url: string) => ({ callbacks: [{ type: 'luna-ws-notification' }, { type: 'http', url }] });

describe('a callback of a stream', () => {
  it.each(['http://169.254.169.254/', `http://127.0.0.1:${ownPort}/x`, 'http://10.0.0.1/x', 'http://127.0.0.1:6379/'])(
    'that can never be called is refused with its place and the setting: %s',
    async (url) => {
      const detail =
        'parameters of people_count: /callbacks/1/url leads to an address or a port that callbacks may not go to: the operator can open networks with NIGHTJAR_WEBHOOK_ALLOW_NETWORKS';
      expect(await ask('people_count', callingBack(url))).toMatchObject({ status: 400, body: { error_code: 44010, detail } });
    },
  );

  it('that names a user is refused, also of an analytic of somebody else, and when a stream is changed', async () => {
    await send('POST', '/analytics', { analytic_name: 'theirs' });
    const { stream_id } = (await ask('theirs', {})).body;
    const analytics = [{ analytic_name: 'theirs', parameters: { parameters: callingBack('http://u:p@host.example/') } }];
    expect(await send('PUT', `/streams/${stream_id}`, { analytics })).toMatchObject({
      status: 400,
      body: { error_code: 44010, detail: 'parameters of theirs: /parameters/callbacks/1/url this URL is not allowed: it names a user' },
    });
  });

  it('may be in a network that is open, and of a name that nobody knows now', async () => {
    for (const url of ['http://127.0.0.1:8080/x', 'https://8.8.8.8/', 'http://nowhere.invalid/'])
      expect((await ask('people_count', callingBack(url))).status).toBe(201);
  });
});

describe('what can never fire', () => {
  it.each([
    ['line_crossing', { line: { a: [0.5, 0.5], b: [0.5, 0.5] } }, '/line has both ends in one place'],
    ['intrusion', { zone: { points: [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]] } }, '/zone/points encloses nothing: its points lie on one line'], // prettier-ignore
    ['people_count', { parameters: { people_count__gte: 2, people_count__lte: 1 } }, '/parameters can never hold: people_count__gte is above people_count__lte'], // prettier-ignore
  ])('of %s is refused with its place: %j', async (name, parameters, problem) => {
    const detail = `parameters of ${name}: ${problem}`;
    expect(await ask(name, parameters)).toMatchObject({ status: 400, body: { error_code: 44010, detail } });
  });
});

describe('an analytic', () => {
  it('stays while a stream names it, and goes afterwards', async () => {
    const { analytic_id } = (await send('POST', '/analytics', { analytic_name: 'smoke' })).body;
    const { stream_id } = (await ask('smoke', {})).body;
    await send('PATCH', `/streams/${stream_id}?action=stop`, {});
    expect(await send('DELETE', `/analytics/${analytic_id}`)).toMatchObject({
      status: 409,
      body: { error_code: expect.any(Number), detail: `Analytic ${analytic_id} is in use; streams that name it: 1` },
    });
    const shown = (await send('GET', `/streams/${stream_id}`)).body;
    expect((await send('PUT', `/streams/${stream_id}`, shown)).status).toBe(200);
    await send('PUT', `/streams/${stream_id}`, { analytics: [{ analytic_name: 'people_count' }] });
    expect((await send('DELETE', `/analytics/${analytic_id}`)).status).toBe(204);
    expect((await send('DELETE', `/analytics/${analytic_id}`)).body).toMatchObject({ error_code: 44008 });
  });

  it('is not removed under the hands of who is naming it in a stream', async () => {
    const { analytic_id } = (await send('POST', '/analytics', { analytic_name: 'chosen' })).body;
    const { stream_id: id } = (await ask('people_count', {})).body;
    const removal = await nvr.database.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`SELECT FROM nvr.luna_analytic WHERE id = ${analytic_id}::uuid FOR KEY SHARE`;
        const asked = send('DELETE', `/analytics/${analytic_id}`);
        await until(async () => {
          const waiting = await nvr.database.$queryRaw<
            unknown[]
          >`SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`;
          return waiting.length > 0;
        });
        await transaction.lunaStream.update({
          where: { id },
          data: { analytics: [{ analytic_id, analytic_name: 'chosen', parameters: {} }] },
        });
        return { asked };
      },
      { timeout: 120_000 },
    );
    expect((await removal.asked).status).toBe(409);
  });

  it('is never both removed and chosen at the same moment', async () => {
    for (let round = 0; round < 20; round++) {
      const analytic_name = `race_${round}`;
      const { analytic_id } = (await send('POST', '/analytics', { analytic_name })).body;
      const { stream_id } = (await ask('people_count', {})).body;
      const change = { analytics: [{ analytic_name }] };
      const [made, changed, removed] = await Promise.all([
        ask(analytic_name, {}),
        send('PUT', `/streams/${stream_id}`, change),
        send('DELETE', `/analytics/${analytic_id}`),
      ]);
      const isRemoved = removed.status === 204;
      const answers = [made.status, changed.status, removed.status];
      if (isRemoved) expect(answers).toEqual([404, 404, 204]);
      else expect(answers[2]).toBe(409);
    }
  });

  it('is not kept by what is left of a camera that was removed', async () => {
    const { analytic_id } = (await send('POST', '/analytics', { analytic_name: 'gone' })).body;
    const data = { framesName: 'yard', name: 'yard', rtspUrl: 'rtsp://10.0.0.1/yard' };
    const { id, uuid } = await nvr.database.camera.create({ data });
    await send('GET', '/streams');
    await send('PUT', `/streams/${uuid}`, { analytics: [{ analytic_name: 'gone' }] });
    expect((await send('DELETE', `/analytics/${analytic_id}`)).status).toBe(409);
    await nvr.database.camera.update({ where: { id }, data: { deletedAt: new Date() } });
    expect((await send('DELETE', `/analytics/${analytic_id}`)).status).toBe(204);
  });

  it('may have a schema of any dialect that is known here, which means what it means there', async () => {
    // What a list of `items` says is of the place in 2019-09 and draft-07, and no schema at all in 2020-12.
    const items = [{ type: 'number' }];
    const dialects = ['draft-07/schema#', 'draft-07/schema', 'draft/2019-09/schema', 'draft/2020-12/schema#'];
    for (const [index, dialect] of ['http://', 'https://']
      .flatMap((scheme) => dialects.map((one) => `${scheme}json-schema.org/${one}`))
      .entries()) {
      const places = dialect.includes('2020-12') ? { prefixItems: items } : { items };
      const validation_schema = {
        $schema: dialect,
        $id: 'https://example.org/own',
        properties: { at: places, callbacks: { maxItems: 1 } },
      };
      const analytic_name = `dialect_${index}`;
      expect(await send('POST', '/analytics', { analytic_name, validation_schema })).toMatchObject({ status: 201 });
      expect((await ask(analytic_name, { at: [1] })).status).toBe(201);
      expect((await ask(analytic_name, { at: ['x'] })).body).toMatchObject({ error_code: 44010, detail: expect.stringContaining('/at/0') });
    }
  });

  it('has no schema of another dialect', async () => {
    const detail = 'validation_schema: $schema must be that of JSON Schema 2020-12, 2019-09 or draft-07';
    for (const $schema of ['http://json-schema.org/draft-04/schema#', 'ftp://json-schema.org/draft-07/schema', 'constructor', '', 7, null])
      expect(await send('POST', '/analytics', { analytic_name: 'refused', validation_schema: { $schema } })).toMatchObject({
        status: 400,
        body: { error_code: 44010, detail },
      });
    expect(await send('POST', '/analytics', { analytic_name: 'refused', validation_schema: { $schema: 'http://json-schema.org/draft-07/schema#', type: 7 } })).toMatchObject({ status: 400, body: { error_code: 44010 } }); // prettier-ignore
  });
});
