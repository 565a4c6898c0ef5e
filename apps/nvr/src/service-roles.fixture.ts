import { createServiceRoles } from '@nightjar/database';
import { until } from '@nightjar/testing';

/** The roles of the services, with their rights in this database. They are the server's: two specs that make them at the same moment collide. */
export async function makeServiceRoles(ownerUrl: string): ReturnType<typeof createServiceRoles> {
  const make = () => createServiceRoles({ ownerUrl, passwords: { gateway: 'g-1', nvr: 'n-1' } });
  let urls: Awaited<ReturnType<typeof make>> | undefined;
  await until(async () => {
    urls = await make().catch((error: Error) => {
      if (/tuple concurrently updated|already exists|duplicate key/.test(error.message)) return undefined;
      throw error;
    });
    return urls !== undefined;
  });
  return urls!;
}
