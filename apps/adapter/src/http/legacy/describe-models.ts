import type { ModelStatus } from '../../engine/protocol.js';

const bytesPerMegabyte = 1_000_000;

/** A model under the name that the legacy surface, which calls models adapters, has for it. */
interface NamedModel {
  readonly adapter: string;
  readonly model: ModelStatus;
}

/** One name a model: its own, and `name@version` for further versions of one that was listed before. */
export function nameModels(models: readonly ModelStatus[]): NamedModel[] {
  const taken = new Set<string>();
  return models.map((model) => {
    const adapter = taken.has(model.name) ? `${model.name}@${model.version}` : model.name;
    taken.add(adapter);
    return { adapter, model };
  });
}

/** `models_loaded` of `/health`. */
export function describeLoaded({ name, version, fingerprint, device, precision, memoryBytes }: ModelStatus): object {
  return { name, version, fingerprint, device, precision, memory_mb: megabytes(memoryBytes) };
}

/** One entry of `adapter_details` of `/health`. */
export function describeDetail(model: ModelStatus): object {
  const { name, version, kind, description, device, precision, fingerprint, memoryBytes, isDefault, problem } = model;
  return {
    status: problem === undefined ? 'healthy' : 'unavailable',
    model_loaded: model.loaded,
    model_info: {
      name,
      version,
      kind,
      description,
      device,
      precision,
      fingerprint,
      size_mb: megabytes(model.sizeBytes),
      memory_mb: megabytes(memoryBytes),
      is_default: isDefault,
      problem,
    },
  };
}

/** One row of `details` of `/adapters`. */
export function describeAdapter({ adapter, model }: NamedModel, tasks: readonly string[]): object {
  const { version, kind, description, framework, licence, labels, loaded, device, precision, fingerprint, problem } = model;
  return {
    name: adapter,
    enabled: problem === undefined,
    model_loaded: loaded,
    tasks,
    model: description,
    version,
    device,
    kind,
    framework,
    licence,
    labels,
    precision,
    fingerprint,
    size_mb: megabytes(model.sizeBytes),
    memory_mb: megabytes(model.memoryBytes),
    is_default: model.isDefault,
    problem,
  };
}

export function megabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.round((bytes / bytesPerMegabyte) * 100) / 100;
}
