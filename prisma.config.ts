import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

// The CLI would download its native schema engine; ours is the official engine as WASM, from npm. On Windows a script can't
// stand in for an executable: there the CLI downloads as usual.
if (process.platform !== 'win32')
  process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= fileURLToPath(new URL('./tools/schema-engine.mjs', import.meta.url));

export default defineConfig({
  schema: 'prisma/schema',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://nightjar@127.0.0.1:5432/nightjar' },
});
