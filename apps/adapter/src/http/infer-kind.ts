import { holdsBase64 } from './contract/contract-request.js';
import type { InferBody } from './infer-body.js';
import type { RootSurface, Surface } from './surface.js';

/**
 * Which of the two contracts a request for inference speaks. A form with a text field `task` is legacy, any other form is
 * Contract v1, and so is JSON that holds a file in base64. Other JSON is legacy: at the legacy surface always, also when it makes
 * no sense; at the contract's where it looks like a request of the legacy surface.
 */
export function kindOfRequest(body: InferBody, place: Surface): RootSurface {
  if (body.type === 'multipart') return typeof body.fields.get('task') === 'string' ? 'legacy' : 'contract';
  if (holdsBase64(body.body)) return 'contract';
  return place !== 'contract' || isLegacyShaped(body.body) ? 'legacy' : 'contract';
}

function isLegacyShaped(body: unknown): boolean {
  return (
    typeof body === 'object' && body !== null && Object.hasOwn(body, 'task') && ['input', 'data'].some((name) => Object.hasOwn(body, name))
  );
}
