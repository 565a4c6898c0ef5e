import { describe, expect, it } from '@jest/globals';
import { IntakeBudget } from './intake.js';

describe('an intake budget', () => {
  it('refuses what does not fit beside the others, until they are done', () => {
    const budget = new IntakeBudget(10);
    const giveBack = budget.take(6);
    expect(budget.take(5)).toBeUndefined();
    expect(budget.take(4)).toBeDefined();
    giveBack?.();
    expect(budget.take(6)).toBeDefined();
  });

  it('lets one through alone that is larger than the whole budget', () => {
    const budget = new IntakeBudget(10);
    const giveBack = budget.take(50);
    expect(giveBack).toBeDefined();
    expect(budget.take(1)).toBeUndefined();
    giveBack?.();
    expect(budget.take(1)).toBeDefined();
  });
});
