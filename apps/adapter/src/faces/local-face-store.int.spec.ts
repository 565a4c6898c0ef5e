import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { FaceRegistry } from './face-registry.js';
import { axis, faceInput } from './faces.fixture.js';
import { LocalFaceStore } from './local-face-store.js';

let directory: string;
let file: string;
let clock: FakeClock;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-faces-'));
  file = path.join(directory, 'data', 'faces.jsonl');
  clock = new FakeClock();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function open(): Promise<FaceRegistry> {
  const registry = new FaceRegistry(new LocalFaceStore({ file, clock }));
  await registry.start();
  return registry;
}
const query = { modelFingerprint: 'f1', threshold: 0.9, max: 5 };

describe('a local face registry', () => {
  it('begins empty and makes no file before there is a face', async () => {
    const registry = await open();
    expect([registry.list(), registry.status]).toEqual([[], { scope: 'local', count: 0, problem: undefined }]);
    await expect(readdir(directory)).resolves.toEqual([]);
    await registry.stop();
  });

  it('knows after a restart what it was told before', async () => {
    const first = await open();
    const metadata = { badge: 7 };
    const { created, face } = await first.register(
      faceInput('emp-1', { category: 'employee', metadata, embedding: axis(3).map((x) => x * 40) }),
    );
    await first.register(faceInput('emp-2', { embedding: axis(4) }));
    expect([created, face]).toEqual([
      true,
      {
        person_id: 'emp-1',
        name: 'Name of emp-1',
        category: 'employee',
        metadata,
        model_name: 'faceres',
        model_fingerprint: 'f1',
        embedding_size: 64,
        revision: 1,
        created_at_unix_ms: clock.wallMs(),
        updated_at_unix_ms: clock.wallMs(),
      },
    ]);
    const second = await open(); // the first one was not even stopped
    expect(second.list()).toEqual(first.list());
    expect(second.list('EMPLOYEE')).toEqual([face]);
    expect(second.get('emp-2')?.category).toBe('unknown');
    expect(second.get('emp-3')).toBeUndefined();
    expect(second.match(axis(3), query)).toEqual({ matches: [{ face, similarity: 1 }], comparedCount: 2, otherModelCount: 0 });
  });

  it('replaces the face of a person who is registered again, and keeps the day of the first time', async () => {
    const registry = await open();
    const first = await registry.register(faceInput('emp-1', { embedding: axis(3), metadata: { badge: 7 } }));
    clock.advance(1_000);
    const second = await registry.register(faceInput('emp-1', { embedding: axis(4) }));
    expect([second.created, second.face.created_at_unix_ms, second.face.updated_at_unix_ms, second.face.metadata]).toEqual([
      false,
      first.face.created_at_unix_ms,
      first.face.created_at_unix_ms + 1_000,
      undefined,
    ]);
    expect([registry.match(axis(3), query).matches.length, registry.match(axis(4), query).matches.length]).toEqual([0, 1]);
  });

  it('forgets a removed face also on disk', async () => {
    const registry = await open();
    const embedding = axis(3, 0.123);
    await registry.register(faceInput('emp-1', { embedding }));
    await registry.register(faceInput('emp-2'));
    const before = await readFile(file, 'utf8');
    await expect(registry.remove('emp-1')).resolves.toBe(true);
    await expect(registry.remove('emp-1')).resolves.toBe(false);
    for (const strange of ['__proto__', 'constructor', '', 'a\0', 'x'.repeat(1_000)])
      await expect(registry.remove(strange)).resolves.toBe(false);
    const after = await readFile(file, 'utf8');
    expect([before.includes('emp-1'), after.includes('emp-1'), after.split('\n').length]).toEqual([true, false, 3]);
    expect((await open()).list().map(({ person_id }) => person_id)).toEqual(['emp-2']);
  });

  it('is read by its owner only', async () => {
    const registry = await open();
    await registry.register(faceInput('emp-1'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('loses none of 50 faces that are registered at once', async () => {
    const registry = await open();
    const saved = await Promise.all(
      Array.from({ length: 50 }, (_, index) => registry.register(faceInput(`p${index}`, { embedding: axis(index) }))),
    );
    expect(new Set(saved.map(({ face }) => face.revision)).size).toBe(50);
    const again = await open();
    expect(again.list()).toEqual(registry.list());
    expect(again.list()).toHaveLength(50);
  });

  it('refuses what is no face', async () => {
    const registry = await open();
    for (const wrong of [
      faceInput(''),
      faceInput('a\0'),
      faceInput('a', { name: '' }),
      faceInput('a', { category: 'x'.repeat(65) }),
      faceInput('a', { metadata: { text: 'x'.repeat(9_000) } }),
      faceInput('a', { embedding: new Float32Array(64) }),
      faceInput('a', { embedding: new Float32Array(63).fill(1) }),
      faceInput('a', { embedding: new Float32Array(4_097).fill(1) }),
      faceInput('a', { embedding: [...axis(0).subarray(1), Number.NaN] }),
    ])
      await expect(registry.register(wrong)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(() => registry.match(new Float32Array(64), query)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(registry.status.count).toBe(0);
  });

  it.each([
    ['is damaged', 'not a file of faces'],
    ['is empty', ''],
  ])('does not start with a file that %s, and leaves it as it is', async (_what, content) => {
    await (await open()).register(faceInput('emp-1'));
    await writeFile(file, content);
    await expect(open()).rejects.toMatchObject({
      code: 'unprocessable',
      message: expect.stringMatching(/faces\.jsonl is damaged: .*; bring it back/),
    });
    await expect(readFile(file, 'utf8')).resolves.toBe(content);
  });

  it('answers `unavailable` when the disk does not take a face, forgets it, and says what is wrong', async () => {
    const registry = await open();
    await writeFile(path.join(directory, 'data'), 'a file where the directory should be');
    await expect(registry.register(faceInput('emp-1'))).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 5_000 });
    expect([registry.get('emp-1'), registry.status.problem]).toEqual([undefined, 'the face registry cannot be written']);
    await rm(path.join(directory, 'data'));
    await registry.register(faceInput('emp-1'));
    expect(registry.status).toEqual({ scope: 'local', count: 1, problem: undefined });
  });

  it('does not write over the faces of another process', async () => {
    const [mine, other] = [await open(), await open()];
    await other.register(faceInput('emp-1'));
    await expect(mine.register(faceInput('emp-2'))).rejects.toMatchObject({ code: 'conflict' });
    expect((await open()).list().map(({ person_id }) => person_id)).toEqual(['emp-1']);
  });

  it('removes what a killed process left half written', async () => {
    await (await open()).register(faceInput('emp-1'));
    const folder = path.dirname(file);
    await writeFile(path.join(folder, '.faces.jsonl.1234.part'), 'half');
    await open();
    await expect(readdir(folder)).resolves.toEqual(['faces.jsonl']);
  });

  it('takes nothing more once it stops, after it has written what was under way', async () => {
    const registry = await open();
    const writing = registry.register(faceInput('emp-1'));
    await registry.stop();
    await expect(writing).resolves.toMatchObject({ created: true });
    await expect(registry.register(faceInput('emp-2'))).rejects.toMatchObject({ code: 'unavailable' });
    expect((await open()).list()).toHaveLength(1);
  });

  it('has a bound on those who wait', async () => {
    const registry = await open();
    const answers = await Promise.allSettled(Array.from({ length: 300 }, (_, index) => registry.register(faceInput(`p${index}`))));
    const refused = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(refused.length).toBeGreaterThan(0);
    for (const reason of refused) expect(reason).toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
    expect((await open()).list()).toHaveLength(300 - refused.length);
  });
});
