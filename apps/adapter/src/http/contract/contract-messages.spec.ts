import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import {
  ClientMessage,
  FailureEnvelope,
  Handshake,
  HardwareEvaluation,
  HealthResponse,
  InferResponse,
  ServerMessage,
} from './contract-messages.js';

const health = {
  status: 'ok',
  adapter_name: 'a',
  adapter_version: '1',
  model_name: 'm',
  model_version: '1',
  started_at: '2026-01-01T00:00:00Z',
  uptime_seconds: 12,
};
const failure = {
  status: 'error',
  error: {
    category: 'overloaded',
    code: 'queue_full',
    message: '4 wait',
    transient: true,
    retry_after_ms: 250,
    details: { queue_depth: 4 },
  },
};
const accepted: [string, z.ZodType, unknown][] = [
  ['health', HealthResponse, health],
  ['a failure', FailureEnvelope, failure],
  [
    'hardware',
    HardwareEvaluation,
    { verdict: 'warn', reasoning: 'CPU only', checked_at: '2026-01-01T00:00:00+00:00', details: { cores: 8 } },
  ],
  ['a result', InferResponse, { status: 'ok', model_name: 'm', model_version: '1', inference_ms: 9, result: { detections: [] } }],
  ['a handshake', Handshake, { type: 'handshake', client_id: 'c1', camera_id: 'cam1', frame_transport: 'websocket' }],
  [
    'a handshake with nulls',
    Handshake,
    {
      type: 'handshake',
      client_id: 'c',
      camera_id: null,
      frame_transport: 'shared_memory',
      shared_memory_root: null,
      result_sink: null,
      expected_input_rate_hz: null,
    },
  ],
  ['a frame', ClientMessage, { type: 'frame', seq: 1, ts_ms: 0, content_type: 'image/jpeg' }],
  [
    'a frame by reference',
    ClientMessage,
    { type: 'frame_ref', seq: 1, ts_ms: 0, shm_path: '/x', content_type: 'image/jpeg', size_bytes: 5 },
  ],
  ['a close', ClientMessage, { type: 'close', reason: 'done' }],
  [
    'an acknowledgement',
    ServerMessage,
    { type: 'handshake_ack', frame_transport: 'websocket', result_sink: 'websocket', max_inflight: 1, session_id: 's1' },
  ],
  ['an answer', ServerMessage, { type: 'result', seq: 1, ts_ms: 0, inference_ms: 9, result: {} }],
];

describe('messages of Contract v1', () => {
  it.each(accepted)('take the contract’s own example of %s, and no field beside it', (_what, schema, example) => {
    expect(schema.safeParse(example).success).toBe(true);
    expect(schema.safeParse({ ...(example as object), more: 1 }).success).toBe(false);
  });

  it.each<[string, z.ZodType, object]>([
    ['a status of another surface', HealthResponse, { ...health, status: 'healthy' }],
    ['half a second', HealthResponse, { ...health, uptime_seconds: 1.5 }],
    ['a local time', HealthResponse, { ...health, started_at: '2026-01-01 00:00' }],
    ['an empty name', HealthResponse, { ...health, model_name: '' }],
    ['a lasting failure that says when to come back', FailureEnvelope, { ...failure, error: { ...failure.error, transient: false } }],
    ['an unknown category', FailureEnvelope, { ...failure, error: { ...failure.error, category: 'oops' } }],
  ])('refuse %s', (_what, schema, message) => {
    expect(schema.safeParse(message).success).toBe(false);
  });
});
