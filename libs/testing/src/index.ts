export { createTestDatabase, type TestDatabase } from './test-database.js';
export { startTestPostgres, type TestPostgres } from './test-postgres.js';
export { samplePictures } from './sample-pictures.js';
