/** An error of the JetStream API: HTTP-like code, the server's own number, and its text. Clients decide on the number. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: number,
    readonly errCode: number,
    description: string,
  ) {
    super(description);
  }

  toJSON(): object {
    return { error: { code: this.code, err_code: this.errCode, description: this.message } };
  }
}

export const apiErrors = {
  badRequest: (detail: string) => new ApiError(400, 10003, `bad request: ${detail}`),
  consumerNotFound: () => new ApiError(404, 10014, 'consumer not found'),
  streamNotFound: () => new ApiError(404, 10059, 'stream not found'),
  streamNameInUse: () => new ApiError(400, 10058, 'stream name already in use with a different configuration'),
  subjectsOverlap: () => new ApiError(400, 10065, 'subjects overlap with an existing stream'),
  consumerNotAlone: () => new ApiError(400, 10099, 'multiple non-filtered consumers not allowed on workqueue stream'),
  filterNotUnique: () => new ApiError(400, 10100, 'filtered consumer not unique on workqueue stream'),
  tooManyMessages: () => new ApiError(503, 10077, 'maximum messages exceeded'),
  tooManyBytes: () => new ApiError(503, 10077, 'maximum bytes exceeded'),
  unsupported: (what: string) => new ApiError(400, 10025, `the embedded broker does not support ${what}`),
} as const;
