import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { CamerasStore, type Camera } from './cameras.store.js';

let nvr: TestNvr;
let store: CamerasStore;
beforeAll(async () => {
  nvr = await startTestNvr();
  store = new CamerasStore(nvr.database);
});
afterAll(() => nvr.stop());

let entries = 0;
const writeEntry = () => Promise.resolve(void entries++);
const judgeDuplicates = () => undefined;
const rowOf = (id: number) => nvr.database.camera.findUniqueOrThrow({ where: { id } });
let added = 0;
function add(fields: { deletedAt?: Date; erasedAt?: Date; isActive?: boolean }): Promise<Camera> {
  const name = `camera-${++added}`;
  return nvr.database.camera.create({ data: { name, framesName: name, rtspUrl: `rtsp://10.0.0.9/${added}`, ...fields } });
}

describe('a camera that two people change at once', () => {
  it('is not restored while it is being erased, also when it was found before', async () => {
    const camera = await add({ deletedAt: new Date(), isActive: false });
    await nvr.database.camera.update({ where: { id: camera.id }, data: { erasedAt: new Date() } });
    entries = 0;
    await expect(store.undelete(camera, { judgeDuplicates, writeEntry })).rejects.toMatchObject({ code: 'conflict' });
    expect([(await rowOf(camera.id)).deletedAt, entries]).toEqual([camera.deletedAt, 0]);
  });

  it('is restored once', async () => {
    const camera = await add({ deletedAt: new Date(), isActive: false });
    entries = 0;
    const outcomes = await Promise.allSettled([1, 2].map(() => store.undelete(camera, { judgeDuplicates, writeEntry })));
    expect([outcomes.map(({ status }) => status).sort(), entries]).toEqual([['fulfilled', 'rejected'], 1]);
    expect((await rowOf(camera.id)).deletedAt).toBeNull();
  });

  it('is not switched on by a change that comes after its deletion', async () => {
    const camera = await add({});
    await store.markDeleted(camera.id, writeEntry);
    entries = 0;
    const change = { fields: { isActive: true }, encryptedPassword: undefined, judgeDuplicates, writeEntry };
    await expect(store.update(camera.id, change)).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.markDeleted(camera.id, writeEntry)).rejects.toMatchObject({ code: 'not_found' });
    expect([(await rowOf(camera.id)).isActive, entries]).toEqual([false, 0]);
  });

  it('is changed while it is deleted, or deleted while it is changed, and switched off in the end', async () => {
    const cameras = await Promise.all(Array.from({ length: 5 }, () => add({})));
    const change = { fields: { isActive: true }, encryptedPassword: undefined, judgeDuplicates, writeEntry };
    await Promise.allSettled(cameras.flatMap(({ id }) => [store.markDeleted(id, writeEntry), store.update(id, change)]));
    for (const { id } of cameras) expect(await rowOf(id)).toMatchObject({ isActive: false, deletedAt: expect.any(Date) });
  });
});
