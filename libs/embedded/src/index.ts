export { findFreePort } from './find-free-port.js';
export { isProcessAlive, stopProcess, waitUntilGone, type StopStep } from './stop-process.js';
export { startEmbeddedPostgres, stopOrphanedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './postgres/embedded-postgres.js';
export { BUS_PAYLOAD_BYTES_MAX, EmbeddedBroker } from './broker/embedded-broker.js';
