import { z } from 'zod';

/*
 * Every message of OpenNVR's AI Adapter Contract v1. Its own clients refuse unknown fields, and so do these schemas: what we
 * answer is checked against them in the tests. Clients that write absent fields as null are understood.
 */

const Text = z.string().min(1);
const Count = z.int().min(0);
const DateTime = z.iso.datetime({ offset: true });
const FreeObject = z.record(z.string(), z.unknown());

export const HealthResponse = z.strictObject({
  status: z.enum(['ok', 'degraded', 'loading', 'error']),
  adapter_name: Text,
  adapter_version: Text,
  model_name: Text,
  model_version: Text,
  started_at: DateTime,
  uptime_seconds: Count,
});
export type HealthResponse = z.infer<typeof HealthResponse>;

const Detector = z.strictObject({
  input: z.strictObject({
    width: z.int().min(1),
    height: z.int().min(1),
    layout: Text,
    dtype: Text,
    pixel_format: Text,
  }),
  accelerator: z.strictObject({ backend: Text, device: Text.optional() }),
  labels: z.array(z.string()),
  max_detections: z.int().min(1),
});

export const CapabilitiesResponse = z.strictObject({
  adapter: z.strictObject({
    name: Text,
    version: Text,
    vendor: Text,
    license: Text,
    supported_contract_versions: z.array(Text).min(1),
  }),
  model: z.strictObject({
    name: Text,
    version: Text,
    framework: Text,
    size_mb: z.number().min(0).optional(),
    modalities_in: z.array(z.string()),
    modalities_out: z.array(z.string()),
    fingerprint: Text.optional(),
  }),
  endpoints: z.strictObject({
    infer: z.strictObject({ supported: z.boolean(), input_content_types: z.array(z.string()) }),
    infer_stream: z.strictObject({ supported: z.boolean(), max_concurrent_streams: Count, supports_shared_memory: z.boolean() }),
    extra: z.array(z.strictObject({ path: Text, method: z.enum(['GET', 'POST', 'PUT', 'DELETE', 'PATCH']), purpose: Text })),
  }),
  tasks_advertised: z.array(z.string()),
  permissions: z.strictObject({
    gpu: z.boolean(),
    network_egress: z.array(z.string()),
    host_filesystem: z.array(z.string()),
    shared_memory_paths: z.array(z.string()),
    host_metadata: z.boolean(),
  }),
  scheduling: z.strictObject({
    max_inflight: z.int().min(1),
    preferred_batch_size: z.int().min(1),
    fair_queuing: z.enum(['none', 'per_camera']),
  }),
  cost: z.strictObject({
    currency: z.string().length(3),
    estimated_per_call: z.number().min(0),
    estimated_per_hour: z.number().min(0),
    is_metered: z.boolean(),
  }),
  detector: Detector.optional(),
});
export type CapabilitiesResponse = z.infer<typeof CapabilitiesResponse>;

export const HardwareEvaluation = z.strictObject({
  verdict: z.enum(['ok', 'warn', 'blocked']),
  reasoning: Text,
  checked_at: DateTime,
  details: FreeObject,
});
export type HardwareEvaluation = z.infer<typeof HardwareEvaluation>;

export const InferResponse = z.strictObject({
  status: z.literal('ok'),
  model_name: Text,
  model_version: Text,
  inference_ms: Count,
  result: FreeObject,
});
export type InferResponse = z.infer<typeof InferResponse>;

export const ErrorCategory = z.enum([
  'model_error',
  'provider_error',
  'transport_error',
  'permission_denied',
  'not_supported',
  'overloaded',
]);
export type ErrorCategory = z.infer<typeof ErrorCategory>;

export const FailureEnvelope = z.strictObject({
  status: z.literal('error'),
  error: z
    .strictObject({
      category: ErrorCategory,
      code: Text,
      message: z.string(),
      transient: z.boolean(),
      retry_after_ms: Count.optional(),
      details: FreeObject,
    })
    .refine((error) => error.transient || error.retry_after_ms === undefined, 'only a passing failure says when to come back'),
});
export type FailureEnvelope = z.infer<typeof FailureEnvelope>;

/** The values of the label `outcome` of the metrics. */
export type InferOutcome = 'ok' | 'model_error' | 'provider_error' | 'transport_error' | 'refused';

/* Messages of /infer/stream. */

export const Handshake = z.strictObject({
  type: z.literal('handshake'),
  client_id: Text.max(128),
  camera_id: Text.max(128).nullish(),
  frame_transport: z.enum(['websocket', 'shared_memory']),
  shared_memory_root: z.string().max(1_024).nullish(),
  result_sink: z.union([z.literal('websocket'), z.string().max(512).startsWith('nats:')]).nullish(),
  expected_input_rate_hz: z.number().min(0).nullish(),
});
export type Handshake = z.infer<typeof Handshake>;

const FrameHeader = z.strictObject({ type: z.literal('frame'), seq: Count, ts_ms: Count, content_type: Text.max(128) });
/** What announces the binary message that follows. */
export type FrameHeader = z.infer<typeof FrameHeader>;

const FrameRef = z.strictObject({
  type: z.literal('frame_ref'),
  seq: Count,
  ts_ms: Count,
  shm_path: Text,
  content_type: Text,
  size_bytes: Count,
});

const Close = z.strictObject({ type: z.literal('close'), reason: Text, close_code: z.int().nullish() });

/** What a client may say after the handshake, beside the bytes of its frames. */
export const ClientMessage = z.discriminatedUnion('type', [
  FrameHeader,
  FrameRef,
  z.strictObject({ type: z.literal('pause') }),
  z.strictObject({ type: z.literal('resume') }),
  z.strictObject({ type: z.literal('stats') }),
  Close,
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

/** What the adapter says on a stream. */
export const ServerMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('handshake_ack'),
    frame_transport: z.literal('websocket'),
    result_sink: z.literal('websocket'),
    max_inflight: z.int().min(1),
    session_id: Text,
  }),
  z.strictObject({ type: z.literal('result'), seq: Count, ts_ms: Count, inference_ms: Count, result: FreeObject }),
  z.strictObject({ type: z.literal('stats'), inflight: Count, queue_depth: Count, fps: z.number().min(0) }),
  Close,
]);
export type ServerMessage = z.infer<typeof ServerMessage>;
