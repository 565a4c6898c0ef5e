import { describe, expect, it } from '@jest/globals';
import { parseCategory, parseFaceRegistration } from './face-request.js';

const frame = { uri: 'opennvr://camera_0/person.jpg' };
const ada = { person_id: 'p1', name: 'Ada', frame };
const refusal = (body: unknown) => {
  try {
    parseFaceRegistration(body);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('accepted');
};

describe('parseFaceRegistration', () => {
  it('reads a person with and without what may be left out', () => {
    expect(parseFaceRegistration(ada)).toEqual({ details: { person_id: 'p1', name: 'Ada' }, data: ada });
    const full = { ...ada, category: 'employee', metadata: { badge: 7 } };
    expect(parseFaceRegistration(full).details).toEqual({ person_id: 'p1', name: 'Ada', category: 'employee', metadata: { badge: 7 } });
    expect(parseFaceRegistration({ ...ada, category: null, metadata: null }).details).toEqual({ person_id: 'p1', name: 'Ada' });
  });

  it.each([
    [undefined, 'person_id'],
    [null, 'person_id'],
    ['text', 'person_id'],
    [[ada], 'person_id'],
    [{ name: 'Ada', frame }, 'person_id'],
    [{ person_id: '', name: 'Ada', frame }, 'person_id'],
    [{ person_id: 'p1', frame }, 'name'],
    [{ person_id: 'p1', name: 'Ada' }, 'frame'],
    [{ person_id: 'p1', name: 'Ada', frame: null }, 'frame'],
  ])('says which field is missing of %j', (body, field) => {
    expect(refusal(body)).toBe(`Missing required field: ${field}`);
  });

  it.each([
    [{ ...ada, person_id: 7 }, 'person_id'],
    [{ ...ada, person_id: 'x'.repeat(129) }, 'person_id'],
    [{ ...ada, person_id: 'a\nb' }, 'person_id'],
    [{ ...ada, name: ['Ada'] }, 'name'],
    [{ ...ada, name: ' Ada' }, 'name'],
    [{ ...ada, category: 'x'.repeat(65) }, 'category'],
    [{ ...ada, metadata: 'text' }, 'metadata'],
    [{ ...ada, metadata: { text: 'x'.repeat(9_000) } }, 'metadata'],
  ])('refuses %j', (body, field) => {
    expect(refusal(body)).toContain(`Invalid input: ${field}: `);
  });
});

describe('parseCategory', () => {
  it('takes a category, or none', () => {
    expect([parseCategory(undefined), parseCategory(''), parseCategory('employee')]).toEqual([undefined, undefined, 'employee']);
    expect(() => parseCategory(['employee', 'vip'])).toThrow('Invalid category');
    expect(() => parseCategory('x'.repeat(65))).toThrow('Invalid category');
  });
});
