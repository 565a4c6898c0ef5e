export { classifyAddress, isIn, parseAddress, parseNetwork, requireNetworks, type Network } from './address-classes.js';
export { AddressPolicy } from './address-policy.js';
export { CheckedFetch, type AnswerHead, type Lookup, type PostAnswer } from './checked-fetch.js';
export { parseRemoteUrl } from './remote-url.js';
export { settledBefore } from './settled-before.js';
