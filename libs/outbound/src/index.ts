export {
  classifyAddress,
  isIn,
  isOpenable,
  parseAddress,
  parseNetwork,
  requireNetworks,
  type AddressClass,
  type Network,
} from './address-classes.js';
export { AddressPolicy, type AddressPolicyOptions } from './address-policy.js';
export {
  CheckedFetch,
  type AnswerHead,
  type BodyRoom,
  type CheckedFetchOptions,
  type GetCall,
  type Lookup,
  type PostAnswer,
  type PostCall,
  type StreamCall,
} from './checked-fetch.js';
export { parseRemoteUrl, type RemoteUrl } from './remote-url.js';
export { settledBefore } from './settled-before.js';
