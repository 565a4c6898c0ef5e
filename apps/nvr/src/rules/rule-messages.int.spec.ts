import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventView } from '@nightjar/contracts';
import { openNvrDatabase, type NvrDatabase, type Prisma } from '@nightjar/database';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import { adminRoleId } from '../roles/permissions.js';
import { addRuleMessages } from './rule-messages.js';

let testDatabase: TestDatabase;
let database: NvrDatabase;
let ownerId: number;
let [yard, hall] = [0, 0];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openNvrDatabase({ url: testDatabase.url, connectionsMax: 2 });
  ({ id: ownerId } = await database.user.create({
    data: { username: 'owner', passwordHash: 'x', isSuperuser: true, roleId: adminRoleId },
  }));
  const addCamera = async (name: string) =>
    (await database.camera.create({ data: { name, framesName: name, rtspUrl: `rtsp://10.0.0.1/${name}` } })).id;
  [yard, hall] = [await addCamera('yard'), await addCamera('hall')];
});
afterEach(async () => {
  await database.eventRule.deleteMany();
});
afterAll(async () => {
  await database?.$disconnect();
  await testDatabase?.drop();
});

async function addRules(count: number, fields: Partial<Prisma.EventRuleUncheckedCreateInput> = {}): Promise<void> {
  const rule = {
    ownerId,
    name: 'x',
    url: 'https://hooks.example.org/a',
    cameraIds: [],
    labels: [],
    eventTypes: [],
    tellsEnd: true,
    ...fields,
  };
  await database.eventRule.createMany({ data: Array.from({ length: count }, () => rule) as Prisma.EventRuleCreateManyInput[] });
}

let events = 0;
function event(fields: Partial<EventView> = {}): EventView {
  const kind = { source: 'tier0', event_type: 'track', label: 'person', score: 0.9, track_id: null } as const;
  const none = { recording_ref: null, plate_text: null, has_evidence: false, evidence_url: null, payload: {} };
  return { id: ++events, camera_id: yard, ...kind, ...none, started_at: '2026-01-05T12:00:00.000Z', ended_at: null, ...fields };
}
const ended = (one: EventView) => ({ ...one, ended_at: '2026-01-05T12:00:09.000Z' });

/** @returns messages that were added, and the statements that it took */
async function tell(...told: EventView[]): Promise<{ added: number; statements: number }> {
  let statements = 0;
  const added = await database.$transaction(
    (transaction) => {
      const counted = new Proxy(transaction, {
        get(target, name) {
          if (name === '$queryRaw' || name === '$executeRaw') statements++;
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
      return addRuleMessages(counted, told);
    },
    // Prisma would end it after five seconds, however much is told.
    { timeout: 120_000 },
  );
  return { added, statements };
}

async function messages(): Promise<string[]> {
  const rows = await database.ruleMessage.findMany({ orderBy: [{ eventId: 'asc' }, { moment: 'desc' }] });
  return rows.map(({ eventId, moment }) => `${eventId} ${moment}`);
}

describe('what rules tell of events', () => {
  it('takes the same few statements, however many rules and events there are', async () => {
    await addRules(1);
    const one = await tell(ended(event()));
    await addRules(299);
    const many = await tell(...Array.from({ length: 20 }, () => ended(event())));
    expect([one.added, many.added]).toEqual([2, 300 * 20 * 2]);
    expect([one.statements, many.statements]).toEqual([3, 3]);
    const { event: content, id, origin } = await database.ruleMessage.findFirstOrThrow({ where: { moment: 'ended' } });
    expect([content, id, origin]).toEqual([
      expect.objectContaining({ camera_id: yard, ended_at: '2026-01-05T12:00:09.000Z' }),
      expect.stringMatching(/^msg_[0-9a-f-]{36}$/),
      'https://hooks.example.org',
    ]);
  });

  it('is every event of those that come at once, and each moment of it once', async () => {
    await addRules(1);
    const [first, second] = [event(), event()];
    expect((await tell(first, second)).added).toBe(2);
    expect((await tell(first, ended(second))).added).toBe(1);
    expect((await tell(ended(first), ended(second))).added).toBe(1);
    const both = [first.id, second.id].flatMap((id) => [`${id} opened`, `${id} ended`]);
    expect(await messages()).toEqual(both);
  });

  it('is, with a cooldown, the first event of each camera and its end', async () => {
    await addRules(1, { cooldownSeconds: 600 });
    const [first, second, elsewhere] = [event(), event(), event({ camera_id: hall })];
    await tell(ended(first), ended(second), elsewhere);
    expect(await messages()).toEqual([`${first.id} opened`, `${first.id} ended`, `${elsewhere.id} opened`]);
    expect((await tell(event())).added).toBe(0);
  });

  it('is the next event after the cooldown, also when one that was told before comes with it', async () => {
    await addRules(1, { cooldownSeconds: 600 });
    const [former, next] = [event(), event()];
    await tell(former);
    await database.ruleMessage.updateMany({ data: { createdAt: new Date(Date.now() - 601_000) } });
    await tell({ ...former, score: 0.95 }, next);
    expect(await messages()).toEqual([`${former.id} opened`, `${next.id} opened`]);
  });

  it('is no end without its beginning, and nothing of a camera that a rule is not about', async () => {
    await addRules(1, { tellsEnd: false });
    await addRules(1, { cameraIds: [hall] });
    const [inYard, inHall] = [event(), event({ camera_id: hall, score: 0.4 })];
    await database.eventRule.updateMany({ data: { minScore: 0.8 } });
    await tell(ended(inYard), ended(inHall));
    expect(await messages()).toEqual([`${inYard.id} opened`]);
  });
});
