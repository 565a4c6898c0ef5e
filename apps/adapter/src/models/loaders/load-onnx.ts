import path from 'node:path';
import { AppError } from '@nightjar/runtime/app-error';
import { inspectOnnx, type OnnxInspection } from '../../backends/onnx/inspect-onnx.js';
import { onnxFailure } from '../../backends/onnx/onnx-errors.js';
import { OnnxSession } from '../../backends/onnx/onnx-session.js';
import { ProtobufError } from '../../backends/onnx/protobuf-walk.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import { checkInputs } from '../check-inputs.js';
import { openContained } from '../contained-file.js';
import { requireUnchanged, type VerifiedFile } from '../model-files.js';
import type { ModelLoader } from '../model-loader.js';
import type { OpenedModel } from '../model-repository.js';
import { openOnnx } from './open-onnx.js';

/** They make the runtime load what the model's author compiled. */
const refusedOperators: readonly string[] = ['com.microsoft:EPContext'];

/**
 * ONNX files as they are; of several precisions the provider's favourite. Files that the model itself names (weights beside it)
 * must be among those of the manifest, so that nothing is read that was not verified.
 */
export const loadOnnx: ModelLoader = async (model, tools) => {
  const { manifest, verified } = model;
  const files = verified.files.filter(({ role }) => role === 'model');
  for (const file of files) await inspectOnnxFile(model, file);
  const variants = files.map((file) => ({
    precision: file.precision,
    open: (provider: ExecutionProvider) => openFile(model, { file, provider }),
  }));
  return openOnnx({ manifest, takes: manifest.input, variants }, tools);
};

async function openFile(model: OpenedModel, { file, provider }: { file: VerifiedFile; provider: ExecutionProvider }): Promise<OnnxSession> {
  const { manifest, verified } = model;
  const session = await OnnxSession.create(file.realPath, provider).catch((cause: unknown) => {
    throw onnxFailure(`model "${manifest.name}": ${file.path}`, cause);
  });
  try {
    await requireUnchanged(verified);
    checkInputs(manifest, session.inputs);
    return session;
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** @throws AppError `model_error` when the file is damaged, or would have the runtime read or run what was not verified */
export async function inspectOnnxFile({ manifest, verified }: OpenedModel, file: VerifiedFile): Promise<void> {
  const refuse = (why: string, cause?: unknown) => new AppError('model_error', `model "${manifest.name}": ${file.path} ${why}`, { cause });
  const { handle, sizeBytes } = await openContained(verified.folder, file.path);
  let found: OnnxInspection;
  try {
    found = inspectOnnx({ fd: handle.fd, sizeBytes });
  } catch (cause) {
    if (cause instanceof ProtobufError) throw refuse(`is no ONNX model: ${cause.message}`, cause);
    throw refuse('cannot be read', cause);
  } finally {
    await handle.close();
  }
  const folder = path.posix.dirname(file.path);
  const unnamed = [...found.externalFiles].find(
    (name) => !verified.files.some(({ path: known }) => known === path.posix.join(folder, name)),
  );
  if (unnamed !== undefined) throw refuse(`keeps weights in "${unnamed.slice(0, 200)}", which its manifest does not name`);
  const refused = refusedOperators.find((operator) => found.operators.has(operator));
  if (refused !== undefined) throw refuse(`uses the operator ${refused}, which can run code of its author`);
}
