import { AppError } from '@nightjar/runtime';
import type { EnginePoolStatus } from '../../engine/engine-pool.js';
import type { ModelStatus } from '../../engine/protocol.js';
import { adapterIdentity } from '../adapter-identity.js';
import { defaultDetector } from '../default-detector.js';
import type { CapabilitiesResponse, HealthResponse } from './contract-messages.js';

const contractVersion = '1';
/** No detector's answer is longer. */
const maxDetections = 300;
const bytesPerMegabyte = 1_000_000;

type Endpoints = CapabilitiesResponse['endpoints'];

/** What the adapter has to say of itself beside its models. */
interface AdapterFacts {
  readonly status: EnginePoolStatus;
  /** Names under which tasks can be asked for. */
  readonly tasks: readonly string[];
  readonly streamsMax: number;
  /** Routes beside the contract's own, below the same base. */
  readonly extraRoutes: Endpoints['extra'];
  /** Whether models run, or are to run, on a GPU. */
  readonly usesGpu: boolean;
}

/** Needs nothing that could make it wait. */
export function describeHealth(status: EnginePoolStatus, process: { startedAt: Date; uptimeSeconds: number }): HealthResponse {
  const model = defaultDetector(status);
  return {
    status: conditionOf(status, model),
    adapter_name: adapterIdentity.name,
    adapter_version: adapterIdentity.version,
    model_name: model?.name ?? 'none',
    model_version: model?.version ?? '0',
    started_at: process.startedAt.toISOString(),
    uptime_seconds: Math.floor(process.uptimeSeconds),
  };
}

function conditionOf({ started, ready, processes }: EnginePoolStatus, model: ModelStatus | undefined): HealthResponse['status'] {
  if (!started) return 'loading';
  if (ready === 0) return 'error';
  return ready < processes || !model ? 'degraded' : 'ok';
}

/**
 * What an aggregator registers. It remembers what it reads, and calls another answer a drift: so before the models are known
 * there is none.
 * @throws AppError `unavailable` while the engine processes start, or when there is no detector
 */
export function describeCapabilities({ status, tasks, streamsMax, extraRoutes, usesGpu }: AdapterFacts): CapabilitiesResponse {
  const model = defaultDetector(status);
  if (!model)
    throw status.started
      ? new AppError('unavailable', 'no detector is available', { retryAfterMs: 1_000, details: { weights: 'missing' } })
      : new AppError('unavailable', 'models are loading', { retryAfterMs: 1_000 });
  return {
    adapter: { ...adapterIdentity, supported_contract_versions: [contractVersion] },
    model: {
      name: model.name,
      version: model.version,
      framework: model.framework,
      size_mb: Math.round((model.sizeBytes / bytesPerMegabyte) * 100) / 100,
      modalities_in: ['image'],
      modalities_out: ['bbox_classes'],
      ...(model.fingerprint !== undefined && { fingerprint: model.fingerprint }),
    },
    endpoints: {
      infer: { supported: true, input_content_types: ['multipart/form-data', 'application/json'] },
      infer_stream: { supported: true, max_concurrent_streams: streamsMax, supports_shared_memory: false },
      extra: extraRoutes,
    },
    tasks_advertised: [...tasks],
    // Pictures come in requests: nothing is fetched from the network or read from the host on this surface.
    permissions: { gpu: usesGpu, network_egress: [], host_filesystem: [], shared_memory_paths: [], host_metadata: false },
    // One more than can run at a time: the next request is there when one of them is done.
    scheduling: { max_inflight: status.slots + 1, preferred_batch_size: 1, fair_queuing: 'per_camera' },
    cost: { currency: 'USD', estimated_per_call: 0, estimated_per_hour: 0, is_metered: false },
    ...describeDetector(model),
  };
}

/** Left out where the size of the input is not known: before the model is loaded, or where it takes any. */
function describeDetector({ inputs, labels, device }: ModelStatus): Pick<CapabilitiesResponse, 'detector'> {
  const [input] = inputs ?? [];
  const size = input && pictureSizeOf(input.dims);
  if (!size) return {};
  return {
    detector: {
      // What a caller would have to send to spare us the resizing; layout and type inside the model are our own affair.
      input: { ...size, layout: 'nhwc', dtype: 'uint8', pixel_format: 'rgb' },
      accelerator: { backend: device.split(':')[0] ?? device, ...(device.includes(':') && { device }) },
      labels: [...labels],
      max_detections: maxDetections,
    },
  };
}

/** From `[batch, height, width, 3]` or `[batch, 3, height, width]`. */
function pictureSizeOf(dims: readonly number[]): { width: number; height: number } | undefined {
  if (dims.length !== 4) return undefined;
  const [height, width] = dims[3] === 3 ? dims.slice(1, 3) : dims.slice(2);
  return height !== undefined && width !== undefined && height > 0 && width > 0 ? { width, height } : undefined;
}
