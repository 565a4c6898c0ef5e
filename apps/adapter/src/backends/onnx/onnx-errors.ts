import { AppError } from '@nightjar/runtime/app-error';

const maxLength = 300;

/** What lies with the machine and may be otherwise next time, unlike a file that is broken. */
const ofTheMachine = /not installed|not enough memory|(CUDA|CUDNN|CUBLAS) failure/;

const passing = /not enough memory|(CUDA|CUDNN|CUBLAS) failure/;

/** Whether what `describeOnnxError` told may be over a minute later, as a GPU that others have filled. */
export function mayPass(reason: string): boolean {
  return passing.test(reason);
}

/**
 * What a failure of the runtime is for who asked: `unavailable` when the machine is short of something, `model_error` when the model
 * is at fault, which trying again will not mend.
 * @param where the model, and the file if there are several
 */
export function onnxFailure(where: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const reason = describeOnnxError(cause);
  return new AppError(ofTheMachine.test(reason) ? 'unavailable' : 'model_error', `${where}: ${reason}`, { cause });
}

/** Known texts of the runtime, and what they mean for an operator. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/protobuf parsing failed|data pointer is null/i, 'the file is no ONNX model, or is damaged'],
  [/Failed to load shared library/i, 'its library, or one that it needs (CUDA, cuDNN, TensorRT), is not installed'],
  [/cuDNN is unavailable/i, 'the cuDNN library is not installed, or does not fit'],
  // The second is what the first call after the first says, even when there is room again.
  [/CUDA failure 2: out of memory|cudaErrorMemoryAllocation/i, 'the GPU has not enough memory left'],
  [/bad_alloc|Failed to allocate memory/i, 'there is not enough memory'],
];

/** A failure inside CUDA; what stands around it is the runtime's source code. */
const cudaFailure = /(CUDA|CUDNN|CUBLAS) failure \d+:? [^;\n]{1,120}/i;

/** What the runtime said, in one line without paths, for operators and callers. */
export function describeOnnxError(error: unknown): string {
  const message = messageOf(error);
  const known = meanings.find(([pattern]) => pattern.test(message));
  if (known) return known[1];
  const cuda = cudaFailure.exec(message);
  if (cuda) return cuda[0].trim();
  return message
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replace(/(?:\/[\w.@+-]+)+\/?(?::\d+)?/g, '…')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, maxLength);
}

/** Errors of a native addon may come from another realm, where they are no `Error` of this one. */
function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
  return typeof message === 'string' && message !== '' ? message : 'unknown failure';
}
