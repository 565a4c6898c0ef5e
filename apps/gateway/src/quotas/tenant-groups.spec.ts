import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { TenantGroups } from './tenant-groups.js';

/** Groups whose answers come when the test says so. */
function heldGroups(atOnce = 64) {
  const asked: { tenantId: number; group: readonly string[]; answer: (error?: Error) => void }[] = [];
  const groups = new TenantGroups<string, string>({
    atOnce,
    ask: (tenantId, group) =>
      new Promise((resolve, reject) => {
        const answer = (error?: Error) => (error ? reject(error) : resolve(group.map((name) => name.toUpperCase())));
        asked.push({ tenantId, group, answer });
      }),
    nameOf: (name) => (name === '-' ? undefined : name),
  });
  const answerNext = async (error?: Error) => {
    const next = asked.shift();
    next?.answer(error);
    await new Promise(setImmediate);
    return next?.group;
  };
  return { groups, asked, answerNext };
}

describe('submits of a tenant', () => {
  it('go at once when they come alone, and together when they came while another was on its way', async () => {
    const { groups, asked, answerNext } = heldGroups();
    const answers = Promise.all(['a', 'b', 'c'].map((name) => groups.ask(1, name)));
    expect(asked.map(({ group }) => group)).toEqual([['a']]);
    await answerNext();
    expect(await answerNext()).toEqual(['b', 'c']);
    expect(await answers).toEqual(['A', 'B', 'C']);
    void groups.ask(1, 'd');
    expect(asked.map(({ group }) => group)).toEqual([['d']]);
  });

  it('never wait for those of another tenant', () => {
    const { groups, asked } = heldGroups();
    void groups.ask(1, 'a');
    void groups.ask(2, 'a');
    expect(asked.map(({ tenantId }) => tenantId)).toEqual([1, 2]);
  });

  it('are no more than a group may have', async () => {
    const { groups, answerNext } = heldGroups(2);
    for (const name of ['a', 'b', 'c', 'd']) void groups.ask(1, name);
    expect([await answerNext(), await answerNext(), await answerNext()]).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  it('of the same name go one after the other, those without one together', async () => {
    const { groups, answerNext } = heldGroups();
    for (const name of ['a', 'b', 'b', '-', '-']) void groups.ask(1, name);
    expect([await answerNext(), await answerNext(), await answerNext()]).toEqual([['a'], ['b', '-', '-'], ['b']]);
  });

  it('do not fail for another one’s sake', async () => {
    const { groups, answerNext } = heldGroups();
    const answers = ['a', 'b', 'c'].map((name) => groups.ask(1, name).catch((error: Error) => error.message));
    await answerNext();
    expect(await answerNext(new Error('one of the two'))).toEqual(['b', 'c']);
    expect([await answerNext(new Error('b is wrong')), await answerNext()]).toEqual([['b'], ['c']]);
    expect(await Promise.all(answers)).toEqual(['A', 'b is wrong', 'C']);
  });

  it('are all told when Postgres is away, and are not asked for again', async () => {
    const { groups, asked, answerNext } = heldGroups();
    const answers = ['a', 'b', 'c'].map((name) => groups.ask(1, name).catch((error: Error) => error.message));
    await answerNext();
    await answerNext(new AppError('unavailable', 'away'));
    expect([await Promise.all(answers), asked]).toEqual([['A', 'away', 'away'], []]);
  });
});
