import type { Task } from '../../tasks/task.js';
import type { RootSurface } from '../surface.js';
import { commonRoutes } from './common-routes.js';
import { contractRoutes } from './contract-routes.js';
import { legacyRoutes } from './legacy-routes.js';
import { oipRoutes } from './oip-routes.js';
import type { SurfaceDoc } from '@nightjar/openapi';

/** All that is answered on the port. A surface that stands at the root stands under its prefix too. */
export function surfaceDocs(tasks: readonly Task[], root: RootSurface): SurfaceDoc[] {
  const basesOf = (surface: RootSurface) => (surface === root ? ['', `/${surface}`] : [`/${surface}`]);
  return [
    { ...legacyRoutes(tasks), bases: basesOf('legacy') },
    { ...contractRoutes(tasks), bases: basesOf('contract') },
    oipRoutes,
    commonRoutes,
  ];
}
