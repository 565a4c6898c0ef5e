import { describe, expect, it } from '@jest/globals';
import { quotaHeaders } from './quota-headers.js';

describe('the headers of quotas', () => {
  it('name each bounded quota, what is left of it and when it begins anew', () => {
    const quotas = {
      'jobs-open': { limit: 10, used: 4 },
      'jobs-per-day': { limit: 0, used: 900 },
      'upload-bytes-per-day': { limit: 1_000, used: 1_200 },
    };
    expect(quotaHeaders(quotas, 60)).toEqual({
      policies: '"jobs-open";q=10, "upload-bytes-per-day";q=1000;w=86400;qu="content-bytes"',
      states: '"jobs-open";r=6, "upload-bytes-per-day";r=0;t=60',
    });
  });

  it('are empty where nothing is bounded', () => {
    const unbounded = { limit: 0, used: 3 };
    const quotas = { 'jobs-open': unbounded, 'jobs-per-day': unbounded, 'upload-bytes-per-day': unbounded };
    expect(quotaHeaders(quotas, 60)).toEqual({ policies: '', states: '' });
  });
});
