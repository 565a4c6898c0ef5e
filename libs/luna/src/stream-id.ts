import { AppError } from '@nightjar/runtime';
import { asLuna, lunaErrors } from './luna-errors.js';

/** The documentation's pattern: lower case. */
const uuidForm = /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/;

/** The stream that a handshake of `/1/ws` asks for. @throws AppError `invalid_argument`, as 12014 without one and 12022 for no UUID */
export function requireStreamId(given: unknown): string {
  if (given === undefined || given === '')
    throw new AppError('invalid_argument', 'stream_id is missing', {
      details: asLuna(lunaErrors.parametersMissing, 'Required parameters stream_id not found'),
    });
  if (typeof given === 'string' && uuidForm.test(given)) return given;
  throw new AppError('invalid_argument', 'stream_id is no uuid', {
    details: asLuna(lunaErrors.parameterInvalid, "path 'stream_id' message 'not a lower case uuid'"),
  });
}
