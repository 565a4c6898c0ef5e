import { describe, expect, it } from '@jest/globals';
import { schemaVocabulary } from '@nightjar/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { analyticOffers, analytics } from './analytics.js';

/** As the manager compiles them. */
const published = new Map(
  analyticOffers().map(({ analytic_name, validation_schema }) => [
    analytic_name,
    new Ajv2020({ ...schemaVocabulary, strict: false, logger: false }).compile(validation_schema),
  ]),
);
const verdicts = (name: string, document: object) => ({
  agent: analytics.get(name)!.schema.safeParse(document).success,
  manager: published.get(name)!(document),
});

const http = (more: object) => ({ callbacks: [{ type: 'http', url: 'https://hooks.example/', ...more }] });
const region = (roi: object) => ({ parameters: { roi } });
const zone = (...points: [x: number, y: number][]) => ({ parameters: { zone: { points } } });
const line = (a: [x: number, y: number], b: [x: number, y: number]) => ({ parameters: { line: { a, b } } });
const schedule = (given: object) => ({ parameters: { schedule: { intervals: [{ from: '22:00', to: '06:00' }], ...given } } });

const refused: [analytic: string, document: object][] = [
  ...[
    'not a url',
    'ftp://x/y',
    'file:///etc/passwd',
    'http:/x',
    'http://',
    'https://a:99999/',
    'http://256.1.1.1/',
    'http://[::1/',
    '',
  ].map((url): [string, object] => ['people_count', http({ url })]),
  ['people_count', http({ url: `https://a.example/${'x'.repeat(2_000)}` })],
  ...['Authorization', 'HOST', 'content-length', 'Accept-Encoding', 'a b', ''].map((name): [string, object] => [
    'people_count',
    http({ params: { headers: { [name]: 'x' } } }),
  ]),
  ['people_count', http({ params: { headers: { 'X-Site': 'nörth' } } })],
  ['people_count', http({ params: { timeout: 61 } })],
  ['people_count', http({ authorization: { type: 'bearer', login: '', password: '' } })],
  ['people_count', { callbacks: [{ type: 'luna-kafka' }] }],
  ['people_count', { callbacks: Array.from({ length: 11 }, () => ({ type: 'luna-ws-notification' })) }],
  ['people_count', region({ x: 50, width: 60, mode: 'percent' })],
  ['people_count', region({ y: 1, height: 100, mode: 'percent' })],
  ['people_count', region({ x: 101, mode: 'percent' })],
  ['people_count', region({ x: -1 })],
  ['people_count', { parameters: { droi: { width: 100.5, mode: 'percent' } } }],
  ['people_count', { parameters: { probe_count: 0 } }],
  ['people_count', { targets: ['faces'] }],
  ['human_tracking', { targets: ['mood'] }],
  ['human_tracking', { parameters: { event_policy: { trigger: 'period' } } }],
  ['intrusion', schedule({ timezone: 'Mars/Olympus' })],
  ['intrusion', schedule({ intervals: [{ from: '25:00', to: '06:00' }] })],
  ['intrusion', { parameters: { zone: { points: [[0, 0]] } } }],
  ['line_crossing', {}],
  ['line_crossing', line([0.5, 0.5], [0.5, 0.5])],
  ['intrusion', zone([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])],
  ['loitering', zone([0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.7, 0.7])],
  ['occupancy', zone([0.2, 0.1], [0.2, 0.9], [0.2, 0.5])],
  ['motion', zone([0, 0.7], [0.3, 0.4], [0.6, 0.1])],
  ['abandoned_object', { parameters: { zone: { units: 'pixels', points: zone([10, 10], [20, 30], [10, 10]).parameters.zone.points } } }],
  ['people_count', { parameters: { people_count__gte: 2, people_count__lte: 1 } }],
  ['people_count', http({ filters: { people_count__gte: 2, people_count__lte: 1 } })],
];

const taken: [analytic: string, document: object][] = [
  ['people_count', {}],
  [
    'people_count',
    http({ url: 'HTTP://hooks.example:8080/a?b=c', params: { headers: { 'X-Host': 'a', Hosts: '', 'X-Authorization': 'b' } } }),
  ],
  ['people_count', http({ url: 'http://[::1]/' })],
  ['people_count', region({ x: 50, width: 50, mode: 'percent' })],
  ['people_count', region({ x: 50, width: 160 })],
  ['people_count', { parameters: { roi: null, droi: { x: 10, y: 10 } } }],
  ['human_tracking', { targets: ['head_pose', 'ags', 'aggregated_face_samples', 'aggregated_body_samples'] }],
  ['intrusion', schedule({ timezone: 'Europe/Berlin' })],
  ['line_crossing', line([0.5, 0.5], [0.5, 0.501])],
  ['intrusion', zone([0.5, 0.5], [0.5, 0.5], [0.6, 0.5], [0.6, 0.6])],
  // It crosses itself: what is on its left is as much as what is on its right.
  ['loitering', zone([0, 0], [1, 1], [1, 0], [0, 1])],
  ['people_count', { parameters: { people_count__gte: 2, people_count__lte: 2 } }],
  ['people_count', http({ filters: { people_count__gte: 2 } })],
];

describe('the published schema of an analytic', () => {
  it.each(refused)('refuses for %s what the agent refuses: %j', (name, document) => {
    expect(verdicts(name, document)).toEqual({ agent: false, manager: false });
  });

  it.each(taken)('takes for %s what the agent takes: %j', (name, document) => {
    expect(verdicts(name, document)).toEqual({ agent: true, manager: true });
  });

  it.each([
    ['people_count', region({ x: 50, width: 60, mode: 'percent' }), '/parameters/roi', 'goes beyond 100 percent'],
    ['intrusion', zone([0, 0], [1, 1], [0.5, 0.5]), '/parameters/zone/points', 'encloses nothing: its points lie on one line'],
    ['line_crossing', line([1, 1], [1, 1]), '/parameters/line', 'has both ends in one place'],
    [
      'people_count',
      { parameters: { people_count__gte: 2, people_count__lte: 1 } },
      '/parameters',
      'can never hold: people_count__gte is above people_count__lte',
    ],
  ])('says of %s where and why it is refused: %j', (name, document, instancePath, message) => {
    const fits = published.get(name)!;
    fits(document);
    expect(fits.errors?.[0]).toMatchObject({ instancePath, message });
    const { issues } = analytics.get(name)!.schema.safeParse(document).error!;
    expect(issues).toMatchObject([{ path: instancePath.slice(1).split('/'), message }]);
  });
});

describe('what an agent offers', () => {
  it('has a schema that takes the defaults, and is plain JSON', () => {
    for (const offer of analyticOffers()) {
      expect(JSON.parse(JSON.stringify(offer))).toEqual(offer);
      expect(offer.validation_schema).toMatchObject({ type: 'object', properties: { callbacks: { maxItems: 10 } } });
      // Nothing has to be said but what can't be guessed.
      expect(offer.validation_schema.required).toEqual(offer.analytic_name === 'line_crossing' ? ['parameters'] : undefined);
      expect(offer.documentation.length).toBeGreaterThan(50);
    }
  });

  it('says of a schedule that its zone is one of the world, so that it is checked before it comes here', () => {
    const { validation_schema } = analyticOffers().find(({ analytic_name }) => analytic_name === 'intrusion')!;
    expect(JSON.stringify(validation_schema)).toMatch(/"timezone":\{[^}]*"format":"iana-timezone"/);
  });
});
