import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openNvrDatabase, type NvrDatabase } from '@nightjar/database';
import { createLogger, systemClock } from '@nightjar/runtime';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import type { ApiConfig } from '../config.js';
import { MessagesStore } from '../rules/messages.store.js';
import { EventUpkeep } from './event-upkeep.js';
import { EventUpkeepStore } from './event-upkeep.store.js';
import { EvidenceFiles } from './evidence-files.js';

const dayMs = 86_400_000;
const uuid = '70c75b04-1ec8-4aa1-930c-ddad9e47b54b';
const pictures = { old: `${uuid}/aaaaaaaaaaaaaaaa-1111111111111111.jpg`, young: `${uuid}/bbbbbbbbbbbbbbbb-2222222222222222.jpg` };

let testDatabase: TestDatabase;
let database: NvrDatabase;
let evidenceDir: string;
let cameraId: number;
let userId: number;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openNvrDatabase({ url: testDatabase.url, connectionsMax: 2 });
  evidenceDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-evidence-'));
  cameraId = (await database.camera.create({ data: { name: 'a', framesName: 'a', rtspUrl: 'rtsp://10.0.0.1/a' } })).id;
  userId = (await database.user.create({ data: { username: 'somebody', passwordHash: 'x' } })).id;
});
afterAll(async () => {
  await database?.$disconnect();
  await testDatabase?.drop();
  await rm(evidenceDir, { recursive: true, force: true });
});

function upkeep(eventRetentionMs: number): EventUpkeep {
  const config = { evidenceDir, eventRetentionMs } as ApiConfig;
  const logger = createLogger({ service: 'nvr', level: 'silent' });
  const store = new EventUpkeepStore(database);
  return new EventUpkeep(store, new EvidenceFiles(config, logger), new MessagesStore(database), config, systemClock, logger);
}

const addEvent = (days: number, evidenceFile: string | null) =>
  database.event.create({
    data: { cameraId, source: 'tier0', eventType: 'track', startedAt: new Date(Date.now() - days * dayMs), evidenceFile },
  });
const exists = (file: string) =>
  access(path.join(evidenceDir, file)).then(
    () => true,
    () => false,
  );

describe('the upkeep of events', () => {
  it('removes what is too old with pictures and reviews, and nothing else', async () => {
    await mkdir(path.join(evidenceDir, uuid), { recursive: true });
    for (const file of Object.values(pictures)) await writeFile(path.join(evidenceDir, file), 'x');
    const young = await addEvent(9, pictures.young);
    const old = [await addEvent(11, pictures.old), await addEvent(400, null)];
    await database.eventReview.createMany({ data: [young, ...old].map(({ id: eventId }) => ({ userId, eventId })) });
    await upkeep(0).run(AbortSignal.timeout(60_000));
    expect(await database.event.count()).toBe(3);
    await upkeep(10 * dayMs).run(AbortSignal.timeout(60_000));
    expect((await database.event.findMany()).map(({ id }) => id)).toEqual([young.id]);
    expect((await database.eventReview.findMany()).map(({ eventId }) => eventId)).toEqual([young.id]);
    expect([await exists(pictures.old), await exists(pictures.young)]).toEqual([false, true]);
  });

  it('removes the log of what rules told long ago, but nothing that waits', async () => {
    const { id: ruleId } = await database.eventRule.create({ data: { ownerId: userId, name: 'x', url: 'https://hooks.example.org/' } });
    const message = { ruleId, cameraId, moment: 'opened', event: {}, origin: 'https://hooks.example.org' };
    const longAgo = new Date(Date.now() - 31 * dayMs);
    await database.ruleMessage.createMany({
      data: [
        { ...message, id: 'old', eventId: 1, state: 'delivered', createdAt: longAgo },
        { ...message, id: 'waiting', eventId: 2, createdAt: longAgo },
        { ...message, id: 'young', eventId: 3, state: 'exhausted' },
      ],
    });
    await upkeep(0).run(AbortSignal.timeout(60_000));
    expect((await database.ruleMessage.findMany({ orderBy: { eventId: 'asc' } })).map(({ id }) => id)).toEqual(['waiting', 'young']);
  });
});
