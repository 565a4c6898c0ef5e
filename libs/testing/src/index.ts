export { createTestDatabase, type TestDatabase } from './test-database.js';
export { startTestPostgres, type TestPostgres } from './test-postgres.js';
export { samplePictures } from './sample-pictures.js';
export { hasNatsServer, startTestBus, type TestBus } from './test-bus.js';
