export { asLuna, lunaErrors, renderLunaError, type LunaError } from './luna-errors.js';
export { addLunaHeaders, lunaRequestId } from './luna-request-id.js';
export { StreamSubscribers, type ListenersElsewhere } from './stream-subscribers.js';
export { requireStreamId } from './stream-id.js';
