import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { EventRate } from './event-rate.js';
import { OrderedAnswers } from './ordered-answers.js';

describe('OrderedAnswers', () => {
  it('sends answers in the order of their places, however they come', () => {
    const sent: string[] = [];
    const answers = new OrderedAnswers<string>((answer) => sent.push(answer));
    const [first, second, third] = [answers.takePlace(), answers.takePlace(), answers.takePlace()];
    second('b');
    expect([sent, answers.size]).toEqual([[], 3]);
    first('a');
    expect([sent, answers.size]).toEqual([['a', 'b'], 1]);
    third('c');
    expect([sent, answers.size]).toEqual([['a', 'b', 'c'], 0]);
  });

  it('stays in order when sending makes another answer come', () => {
    const sent: string[] = [];
    const answers = new OrderedAnswers<string>((answer) => {
      sent.push(answer);
      if (answer === 'a') third('c');
    });
    const [first, second, third] = [answers.takePlace(), answers.takePlace(), answers.takePlace()];
    second('b');
    first('a');
    expect(sent).toEqual(['a', 'b', 'c']);
  });
});

describe('EventRate', () => {
  it('counts the events of the last five seconds, and guesses nothing from less than one', () => {
    const clock = new FakeClock();
    const rate = new EventRate(clock);
    expect(rate.perSecond).toBe(0);
    for (let index = 0; index < 10; index++) rate.add();
    expect(rate.perSecond).toBe(10);
    clock.advance(4_000);
    expect(rate.perSecond).toBe(2.5);
    clock.advance(1_000);
    expect(rate.perSecond).toBe(0);
  });
});
