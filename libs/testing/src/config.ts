/**
 * Superuser URL of the Postgres that jest/global-setup.mjs started for this run. Without the product's `NIGHTJAR_` prefix,
 * which would make every service under test refuse it as an unknown setting.
 */
const testPostgresUrlVariable = 'TEST_POSTGRES_URL';

/** @throws when the spec was not started as part of the `int` project */
export function readTestPostgresUrl(environment: NodeJS.ProcessEnv = process.env): string {
  const url = environment[testPostgresUrlVariable];
  if (url === undefined || url === '')
    throw new Error('no Postgres for this test: run it with "npm run test:int" (file name *.int.spec.ts)');
  return url;
}

/** Tells the workers, which inherit the environment, where the run's Postgres is. */
export function publishTestPostgresUrl(url: string): void {
  process.env[testPostgresUrlVariable] = url;
}
