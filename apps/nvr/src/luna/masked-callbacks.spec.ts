import { describe, expect, it } from '@jest/globals';
import { withoutCallbackSecrets } from './masked-callbacks.js';

const shown = (parameters: Record<string, unknown>) =>
  withoutCallbackSecrets([{ analytic_id: 'id', analytic_name: 'people_count', parameters }])[0]?.parameters;

describe('callbacks that are shown to who may not change them', () => {
  it('tell what they are and which host they call, and nothing that opens it', () => {
    const callback = {
      type: 'http',
      enable: 1,
      url: 'https://watch:s3cret@hooks.example.org:8443/services/T0K3N?key=s3cret',
      authorization: { type: 'basic', login: 'watch', password: 's3cret' },
      params: { timeout: 5, content_type: 'application/json', headers: { 'X-Api-Key': 's3cret', type: 's3cret' } },
      filters: { people_count__gte: 2 },
    };
    expect(shown({ targets: ['overview'], callbacks: [callback, { type: 'luna-ws-notification' }] })).toEqual({
      targets: ['overview'],
      callbacks: [
        {
          type: 'http',
          enable: 1,
          url: 'https://hooks.example.org:8443/****',
          authorization: { type: 'basic', login: 'watch', password: '****' },
          params: { timeout: 5, content_type: 'application/json', headers: { 'X-Api-Key': '****', type: '****' } },
          filters: { people_count__gte: 2 },
        },
        { type: 'luna-ws-notification' },
      ],
    });
  });

  it('are masked wherever agents of others have them, in whatever form', () => {
    expect(shown({ parameters: { callbacks: [{ url: 'no address', token: 's3cret', to: ['s3cret'] }] } })).toEqual({
      parameters: { callbacks: [{ url: '****', token: '****', to: ['****'] }] },
    });
    expect(shown({ callbacks: 's3cret' })).toEqual({ callbacks: '****' });
    expect(shown({ callbacks: { url: 'https://hooks.example.org/s3cret' } })).toEqual({
      callbacks: { url: 'https://hooks.example.org/****' },
    });
  });
});
