export { createTestDatabase, type TestDatabase } from './test-database.js';
export { startTestPostgres, type TestPostgres } from './test-postgres.js';
export { samplePictures } from './sample-pictures.js';
export { hasNatsServer, startTestBus, type TestBus } from './test-bus.js';
export { makeTestVideo, requireFfmpeg, type TestVideoOptions } from './test-video.js';
export { startTestCamera, type TestCameraOptions } from './test-camera.js';
export { selfSignedCertificate } from './self-signed-certificate.js';
export { until } from './until.js';
export { DocumentedApi, type ApiDocument, type DocumentedOperation } from './documented-api.js';
