import { describe, expect, it } from '@jest/globals';
import { DiskQuestions } from './disk-questions.js';

describe('a question to a disk', () => {
  it('is given up after a while, and not asked again while the disk owes the answer', async () => {
    const answers: ((answer: string) => void)[] = [];
    const disk = new DiskQuestions({ ask: () => new Promise<string>((resolve) => answers.push(resolve)), answerMsMax: 5 });
    for (let round = 0; round < 3; round++) expect(await disk.ask('/away')).toBeUndefined();
    expect(answers).toHaveLength(1);
    const waiting = disk.ask('/away');
    answers[0]?.('back');
    expect(await waiting).toBe('back');
    const next = disk.ask('/away');
    answers[1]?.('again');
    expect([await next, answers.length]).toEqual(['again', 2]);
  });

  it('keeps no other disk waiting', async () => {
    const ask = (directory: string) => (directory === '/away' ? new Promise<string>(() => undefined) : Promise.resolve('here'));
    const disk = new DiskQuestions({ ask, answerMsMax: 20 });
    expect(await Promise.all([disk.ask('/away'), disk.ask('/here')])).toEqual([undefined, 'here']);
  });

  it('fails for who asked, and is asked anew', async () => {
    let asked = 0;
    const disk = new DiskQuestions({ ask: () => Promise.reject(new Error(`no ${++asked}`)), answerMsMax: 5 });
    await expect(disk.ask('/x')).rejects.toThrow('no 1');
    await expect(disk.ask('/x')).rejects.toThrow('no 2');
  });
});
