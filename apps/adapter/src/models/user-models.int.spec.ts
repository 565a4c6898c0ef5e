import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ModelRepository } from './model-repository.js';

const onnx = { format: 'onnx', files: [{ path: 'model.onnx' }] };
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the operator’s models folder', () => {
  let root: string;
  let modelsDir: string;
  let repository: ModelRepository;

  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-users-models-'));
    modelsDir = path.join(root, 'models');
    await mkdir(modelsDir);
    repository = new ModelRepository({ modelsDir });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  /** Drops a model folder; `manifest` may also be raw text. */
  const drop = async (folder: string, manifest: object | string, weights: string | null = 'weights') => {
    const target = path.join(modelsDir, folder);
    await mkdir(target, { recursive: true });
    await writeFile(path.join(target, 'model.json'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    if (weights !== null) await writeFile(path.join(target, 'model.onnx'), weights);
    return target;
  };
  const users = () =>
    repository
      .list()
      .filter(({ origin }) => origin === 'user')
      .map(({ name, version, problem }) => (problem === undefined ? `${name}@${version}` : `${name}@${version}: ${problem}`));

  it('that is missing, or empty, is no model; built-in ones are there all the same', async () => {
    await repository.rescan();
    expect(users()).toEqual([]);
    const without = new ModelRepository({ modelsDir: path.join(root, 'nowhere') });
    await without.rescan();
    expect(without.list().find(({ name }) => name === 'nanodet')?.problem).toBeUndefined();
  });

  it('holds versions side by side, of which the highest that works is meant unless another is named', async () => {
    await drop('doors', { name: 'doors', version: '1.9', ...onnx }, 'flat');
    await drop('doors/1.10', { name: 'doors', version: '1.10', ...onnx }, 'newer');
    await drop('doors/2', { name: 'doors', version: '2', format: 'onnx', files: [{ path: 'model.onnx', sha256: '0'.repeat(64) }] });
    await repository.rescan();
    expect(users()).toEqual([
      'doors@1.9',
      'doors@1.10',
      expect.stringContaining('doors@2: model.onnx is not the file its manifest describes'),
    ]);
    expect((await repository.open('doors')).verified.fingerprint).toBe(`sha256:${sha256('newer')}`);
    expect((await repository.open('doors@1.9')).verified.fingerprint).toBe(`sha256:${sha256('flat')}`);
    expect((await repository.open('doors', '1.9')).manifest.version).toBe('1.9');
    expect(() => repository.find('doors@2')).toThrow('cannot be used');
    expect(() => repository.find('doors@3')).toThrow(/no version "3"; available: 1\.9, 1\.10, 2/);
  });

  it('is looked at again: what was added, mended, replaced and removed shows', async () => {
    const folder = await drop('doors', '{', 'weights');
    await repository.rescan();
    expect(users()).toEqual(['doors@1: model.json is no JSON']);
    await drop('doors', { name: 'doors', ...onnx });
    await repository.rescan();
    expect(users()).toEqual(['doors@1']);

    const file = path.join(folder, 'model.onnx');
    await writeFile(file, 'WEIGHTS');
    await repository.rescan();
    expect((await repository.open('doors')).verified.fingerprint).toBe(`sha256:${sha256('WEIGHTS')}`);
    // Replaced by a file with the old one's times, as unpacking and copying leave it.
    await writeFile(`${file}.new`, 'another');
    await utimes(`${file}.new`, 1, 1);
    await rename(`${file}.new`, file);
    await repository.rescan();
    expect((await repository.open('doors')).verified.fingerprint).toBe(`sha256:${sha256('another')}`);

    await rm(folder, { recursive: true });
    await repository.rescan();
    expect(users()).toEqual([]);
  });

  it('that can be read no more is told of, and what was found in it stays', async () => {
    await drop('gate', onnx);
    await repository.rescan();
    const before = users();
    await rename(modelsDir, `${modelsDir}-elsewhere`);
    await writeFile(modelsDir, 'no folder');
    await expect(repository.rescan()).rejects.toMatchObject({ code: 'unavailable' });
    expect(users()).toEqual(before);
  });

  it('is not read again while its files stay as they are', async () => {
    if (!existsSync('/proc/self/io')) return void process.stdout.write('skipped: this system does not count what a process reads\n');
    const sizeBytes = 64 * 1024 * 1024;
    const folder = await drop('large', { name: 'large', ...onnx });
    await truncate(path.join(folder, 'model.onnx'), sizeBytes);
    const bytesRead = async () => Number(/rchar: (\d+)/.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
    const readBy = async (work: () => Promise<unknown>) => {
      const before = await bytesRead();
      await work();
      return (await bytesRead()) - before;
    };
    const alone = new ModelRepository({ builtin: [], modelsDir });
    expect(await readBy(() => alone.rescan())).toBeGreaterThan(sizeBytes);
    expect(await readBy(() => alone.rescan())).toBeLessThan(sizeBytes / 8);
    expect(await readBy(() => alone.open('large'))).toBeLessThan(sizeBytes / 8);
  });

  it('cannot stand in for a built-in model, and says so', async () => {
    await drop('nanodet', { name: 'nanodet', version: '99', ...onnx });
    await repository.rescan();
    expect(users()).toEqual(['nanodet@99: the name "nanodet" belongs to a built-in model']);
    expect(repository.find('nanodet').manifest.version).toBe('3.0.4');
    expect(() => repository.find('nanodet@99')).toThrow('belongs to a built-in model');
  });

  it('says of each model what is wrong with it, while the others serve', async () => {
    await drop('good', { name: 'good', ...onnx });
    await drop('other-name', { name: 'good', ...onnx });
    await drop('wrong/2', { name: 'wrong', version: '3', ...onnx });
    await drop('twice', { name: 'twice', version: '1', ...onnx });
    await drop('twice/1', { name: 'twice', version: '1', ...onnx });
    await drop('no-weights', { name: 'no-weights', ...onnx }, null);
    await drop('typo', { name: 'typo', ...onnx, lables: [] });
    await drop('labels', { name: 'labels', ...onnx, labels: { file: 'missing.txt' } });
    await mkdir(path.join(modelsDir, 'empty'));
    await mkdir(path.join(modelsDir, 'strange ☃ name'));
    await writeFile(path.join(modelsDir, 'README.md'), 'not a folder');
    await mkdir(path.join(modelsDir, '.git'));
    await repository.rescan();
    expect(users()).toEqual([
      'empty@1: model.json is missing',
      'good@1',
      'labels@1: missing.txt is missing',
      'no-weights@1: model.onnx is missing',
      'other-name@1: model.json: name is "good", but its folder is called "other-name"',
      'strange ? name@1: model.json is missing'.replace(' ? ', '???'),
      'twice@1',
      'twice@1: version "1" is there twice',
      'typo@1: model.json: Unrecognized key: "lables"',
      'wrong@2: model.json: version is "3", but its folder is called "2"',
    ]);
  });

  it('is not left: not by a path, not by a link, not for labels', async () => {
    await writeFile(path.join(root, 'secret.txt'), 'secret');
    const files = (file: string) => ({ format: 'onnx', files: [{ path: file }] });
    await drop('up', { name: 'up', ...files('../../secret.txt') });
    await drop('absolute', { name: 'absolute', ...files(path.join(root, 'secret.txt')) });
    await drop('backslash', { name: 'backslash', ...files('..\\..\\secret.txt') });
    await drop('nul', { name: 'nul', ...files('model.onnx\0.txt') });
    const link = await drop('link', { name: 'link', ...onnx }, null);
    await symlink(path.join(root, 'secret.txt'), path.join(link, 'model.onnx'));
    await drop('labels', { name: 'labels', ...onnx, labels: { file: '../../secret.txt' } });
    await mkdir(path.join(root, 'elsewhere'));
    await writeFile(path.join(root, 'elsewhere', 'model.json'), JSON.stringify({ name: 'folder', ...onnx }));
    await symlink(path.join(root, 'elsewhere'), path.join(modelsDir, 'folder'));
    const manifest = await drop('manifest', '{}');
    await rm(path.join(manifest, 'model.json'));
    await symlink(path.join(root, 'elsewhere', 'model.json'), path.join(manifest, 'model.json'));
    await repository.rescan();
    expect(users()).toHaveLength(8);
    for (const text of users()) expect(text).toMatch(/is no path inside the folder|leads out of the/);
    // A link that stays inside is nothing but another name.
    const inside = await drop('inside', { name: 'inside', ...onnx }, null);
    await writeFile(path.join(inside, 'weights-3.onnx'), 'weights');
    await symlink('weights-3.onnx', path.join(inside, 'model.onnx'));
    await repository.rescan();
    expect(users()).toContain('inside@1');
  });

  it('is not made to wait, or to fill the memory, by files that are none', async () => {
    const pipe = await drop('pipe', { name: 'pipe', ...onnx }, null);
    execFileSync('mkfifo', [path.join(pipe, 'model.onnx')]);
    const folder = await drop('folder', { name: 'folder', ...onnx }, null);
    await mkdir(path.join(folder, 'model.onnx'));
    const device = await drop('device', { name: 'device', ...onnx }, null);
    await symlink('/dev/zero', path.join(device, 'model.onnx'));
    await drop('large', 'x'.repeat(1024 * 1024 + 1));
    await repository.rescan();
    expect(users()).toEqual([
      'device@1: model.onnx leads out of the folder of the model',
      'folder@1: model.onnx is no plain file',
      'large@1: model.json has 1048577 bytes, more than 1048576',
      'pipe@1: model.onnx is no plain file',
    ]);
  });

  it('may hold a model whose files are the whole folder', async () => {
    const folder = await drop('florence', { name: 'florence', format: 'transformers' }, null);
    await mkdir(path.join(folder, 'onnx'));
    await writeFile(path.join(folder, 'config.json'), '{}');
    await writeFile(path.join(folder, 'onnx', 'decoder.onnx'), 'weights');
    await repository.rescan();
    expect((await repository.open('florence')).verified.files.map((file) => file.path)).toEqual(['config.json', 'onnx/decoder.onnx']);
  });

  it('answers prototype names like any other unknown one', async () => {
    await repository.rescan();
    for (const name of ['__proto__', 'constructor', 'toString', ''])
      expect(() => repository.find(name)).toThrow(`there is no model "${name}"`);
  });
});
