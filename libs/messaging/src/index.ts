export { Bus, WithBody } from './bus.js';
export { InferenceDispatcher, type InferenceCall } from './inference-dispatcher.js';
export { InferencePuller, type PulledWork } from './inference-puller.js';
