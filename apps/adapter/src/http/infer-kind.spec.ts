import { describe, expect, it } from '@jest/globals';
import type { InferBody } from './infer-body.js';
import { kindOfRequest } from './infer-kind.js';

const json = (body: unknown): InferBody => ({ type: 'json', body });
const form = (fields: Record<string, unknown>): InferBody => ({
  type: 'multipart',
  fields: new Map(Object.entries(fields)),
  files: new Map(),
});

describe('kindOfRequest', () => {
  it.each<[string, InferBody, 'legacy' | 'contract' | 'as its place']>([
    ['a form with a task', form({ task: 'person_counting' }), 'legacy'],
    ['a form with a task and params', form({ task: 'person_counting', params: {} }), 'legacy'],
    ['a form with nothing but files', form({}), 'contract'],
    ['a form with a task inside params', form({ params: { task: 'person_counting' } }), 'contract'],
    ['a picture in base64', json({ frame_b64: '' }), 'contract'],
    ['a picture in base64 with a task and data', json({ frame_b64: '', task: 't', data: {} }), 'contract'],
    ['sound in base64', json({ audio_b64: '' }), 'contract'],
    ['data in base64', json({ data_b64: '' }), 'contract'],
    ['task and data', json({ task: 't', data: {} }), 'legacy'],
    ['task and an input that is none', json({ task: 't', input: null }), 'legacy'],
    ['a task alone', json({ task: 't' }), 'as its place'],
    ['text', json({ text: 'hello' }), 'as its place'],
    ['an empty object', json({}), 'as its place'],
    ['no object', json('text'), 'as its place'],
    ['nothing', json(undefined), 'as its place'],
  ])('takes %s for %s', (_what, body, expected) => {
    for (const place of ['legacy', 'contract'] as const)
      expect(kindOfRequest(body, place)).toBe(expected === 'as its place' ? place : expected);
  });
});
