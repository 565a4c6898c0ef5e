import { describe, expect, it } from '@jest/globals';
import { OperationPaths } from './operation-paths.js';
import { readOperationPaths } from './read-operation-paths.js';

const pathsOf = (prefix: string, ...entries: string[]) => new OperationPaths(readOperationPaths(prefix, entries));

describe('the paths of the operations', () => {
  it('are ours unless somebody says otherwise', () => {
    const paths = pathsOf('/v0.2');
    expect(paths.resultLocation('video', 'video_1')).toBe('/v0.2/results/video/video_1');
    expect(paths.resultLocation('image', 'image_batch_1')).toBe('/v0.2/results/images/image_batch_1');
    for (const url of ['/v0.2/request/video', '/v0.2/nothing', '/v1/keys?limit=1', '/', '/%', '*']) expect(paths.rewrite(url)).toBe(url);
  });

  it('move together with the prefix, and leave nothing behind', () => {
    const paths = pathsOf('/jobs/api');
    expect(paths.resultLocation('video', 'video_1')).toBe('/jobs/api/results/video/video_1');
    expect(paths.rewrite('/jobs/api/request/video')).toBe('/v0.2/request/video');
    expect(paths.rewrite('/jobs/api/status/latency?media_type=video')).toBe('/v0.2/status/latency?media_type=video');
    expect(paths.rewrite('/jobs/api/results/images/image_batch_1/')).toBe('/v0.2/results/images/image_batch_1');
    for (const url of ['/v0.2/request/video', '/v0%2E2/request/vide%6F', 'http://host/v0.2/request/video', '/v0.2'])
      expect(paths.rewrite(url)).toBe('/-');
    expect(paths.rewrite('/v1/keys?limit=1')).toBe('/v1/keys?limit=1');
  });

  it('keep the form of errors below the prefix', () => {
    expect(pathsOf('/jobs/api').rewrite('/jobs/api/nothing')).toBe('/v0.2/-');
    expect(pathsOf('/v0.2', 'submitVideo=/video').rewrite('/v0.2/request/video')).toBe('/v0.2/-');
  });

  it('move one by one', () => {
    const paths = pathsOf('/v0.2', 'submitVideo=/video', 'videoResult=/video/{job_id}/result');
    expect(paths.rewrite('/v0.2/video')).toBe('/v0.2/request/video');
    expect(paths.rewrite('/v0.2/video/video_1/result')).toBe('/v0.2/results/video/video_1');
    expect(paths.rewrite('/v0.2/request/images')).toBe('/v0.2/request/images');
    expect(paths.resultLocation('video', 'video_1')).toBe('/v0.2/video/video_1/result');
  });

  it('may stand at the root, beside our other routes', () => {
    const paths = pathsOf('/', 'capacity=/load');
    expect(paths.rewrite('/load')).toBe('/v0.2/status/capacity');
    expect(paths.rewrite('/request/images?a=/b')).toBe('/v0.2/request/images?a=/b');
    expect(paths.rewrite('/livez')).toBe('/livez');
    expect(paths.rewrite('/v0.2/status/capacity')).toBe('/-');
  });

  it('pass the id of a job on as it was written, whatever is in it', () => {
    const paths = pathsOf('/a');
    for (const id of ['__proto__', 'a%2Fb', '$&', '%25', '{job_id}'])
      expect(paths.rewrite(`/a/results/video/${id}`)).toBe(`/v0.2/results/video/${id}`);
    expect(paths.rewrite('/a/results/video/')).toBe('/v0.2/-');
    expect(paths.rewrite('/a/results/video/%')).toBe('/a/results/video/%');
  });

  it.each([
    ['an operation that nobody knows', '/v0.2', ['submitAudio=/audio']],
    ['the name of a prototype', '/v0.2', ['constructor=/a']],
    ['an operation twice', '/v0.2', ['latency=/a', 'latency=/b']],
    ['a result without the id', '/v0.2', ['videoResult=/video']],
    ['an id where none is', '/v0.2', ['latency=/{job_id}']],
    ['no path', '/v0.2', ['latency']],
    ['a path that is none', '/v0.2', ['latency=a/../b']],
    ['one path for two operations', '/v0.2', ['latency=/status', 'capacity=/status']],
    ['a path that an id covers', '/v0.2', ['videoResult=/status/{job_id}']],
    ['the place of our own routes', '/v1', []],
    ['the place of the health routes', '/', ['latency=/livez']],
  ])('are refused for %s', (_what, prefix, entries) => {
    expect(() => pathsOf(prefix, ...entries)).toThrow('NIGHTJAR_JOB_API_ROUTES');
  });
});
