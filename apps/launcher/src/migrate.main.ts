import { SettingsError } from '@nightjar/runtime';
import { readDatabaseUrl } from './config.js';
import { migrateDatabase } from './parts/migrate-database.js';
import { explainFailure } from './terminal/explain-failure.js';

/** Entry of `npm run migrate`: brings the database of DATABASE_URL up to this release. */
async function main(): Promise<void> {
  try {
    const url = readDatabaseUrl();
    if (url === undefined) throw new SettingsError('DATABASE_URL is not set: name the database to migrate (npm start migrates its own)');
    const applied = await migrateDatabase(url);
    console.log(applied.length === 0 ? 'the database is up to date' : `applied ${applied.join(', ')}`);
  } catch (error) {
    console.error(`nightjar migrate: ${explainFailure(error)}`);
    process.exitCode = 1;
  }
}

await main();
