import { createRequire } from 'node:module';

const { version, license } = createRequire(import.meta.url)('../../package.json') as { version: string; license: string };

/** Who answers, on every surface that asks. */
export const adapterIdentity = { name: 'nightjar', version, vendor: 'Nightjar', license } as const;
