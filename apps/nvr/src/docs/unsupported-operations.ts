import type { RouteDoc } from '@nightjar/openapi';
import { listOf, object } from '@nightjar/openapi';
import { ok, operation } from './operation.js';

const nowhere = (line: Parameters<typeof operation>[0], operationId: string, summary: string) =>
  operation(line, operationId, summary, { replies: {}, errors: line.includes('{') ? [403, 404, 501] : [403, 501] });
const byRole = 'Not here: a role holds permissions';
const byOperator = 'Not here: the operator installs apps, and they register';
const bySettings = 'Not here: adapters are named in the settings';

/** What OpenNVR has and this NVR does in another way. */
export const unsupportedOperations: readonly RouteDoc[] = [
  nowhere('POST /api/v1/permissions', 'createPermission', byRole),
  nowhere('PUT /api/v1/permissions/{permission}', 'changePermission', byRole),
  nowhere('DELETE /api/v1/permissions/{permission}', 'removePermission', byRole),
  nowhere('GET /api/v1/integrations', 'listIntegrations', 'Not here: rules tell others of events'),
  nowhere('GET /api/v1/ai-detection-results', 'listDetections', 'Not here: what was detected are events'),
  nowhere('POST /api/v1/system/shutdown', 'shutDown', 'Not here: the machine is its operator’s'),
  nowhere('POST /api/v1/system/reboot', 'reboot', 'Not here: the machine is its operator’s'),
  operation('GET /api/v1/apps/index', 'listInstallableApps', 'Apps that can be installed from here: none', {
    replies: ok('None', object({ apps: listOf({}) })),
    errors: [403],
  }),
  nowhere('POST /api/v1/apps/index/{appId}/install', 'installApp', byOperator),
  nowhere('POST /api/v1/apps/index/{appId}/uninstall', 'uninstallApp', byOperator),
  nowhere('GET /api/v1/apps/index/{appId}/install-status', 'getInstallState', byOperator),
  nowhere('POST /api/v1/adapters/register', 'registerAdapter', bySettings),
  nowhere('POST /api/v1/adapters/refresh', 'refreshAdapters', bySettings),
  nowhere('DELETE /api/v1/adapters/{adapter}', 'removeAdapter', bySettings),
];
