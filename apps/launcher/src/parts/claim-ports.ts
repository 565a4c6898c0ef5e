import { createServer } from 'node:net';
import { findFreePort } from '@nightjar/embedded';
import { AppError } from '@nightjar/runtime';
import type { LauncherConfig, ListenSetting } from '../config.js';
import type { ServiceName } from './services.js';

/**
 * The port of each service: the one that is set, or a free one. Tries each of them before anything is started, so that a
 * taken one is told in one line.
 * @throws AppError `conflict`, `permission_denied` or `invalid_argument`
 */
export async function claimPorts(listen: LauncherConfig['listen']): Promise<Record<ServiceName, number>> {
  const claimed = new Map<number, ListenSetting>();
  const claim = async (setting: ListenSetting): Promise<number> => {
    let { port } = setting;
    // A port that was found free is free again until its service listens: it may be found twice.
    while (port === 0 || (setting.port === 0 && claimed.has(port))) port = await findFreePort();
    const other = claimed.get(port);
    if (other)
      throw new AppError('conflict', `${other.portSetting} and ${setting.portSetting} are both ${port}: set one of them to another port`);
    claimed.set(port, setting);
    await tryToListen(setting, port);
    return port;
  };
  return {
    adapter: await claim(listen.adapter),
    nvr: await claim(listen.nvr),
    gateway: await claim(listen.gateway),
    agent: await claim(listen.agent),
    recorder: await claim(listen.recorder),
  };
}

function tryToListen({ host, portSetting }: ListenSetting, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => reject(refusal(error, { host, port, portSetting })));
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

function refusal(cause: NodeJS.ErrnoException, { host, port, portSetting }: ListenSetting): AppError {
  if (cause.code === 'EADDRINUSE')
    return new AppError('conflict', `port ${port} is taken: stop what listens there, or set ${portSetting} to another port`, { cause });
  if (cause.code === 'EACCES')
    return new AppError('permission_denied', `no right to listen on port ${port}: set ${portSetting} to a port above 1023`, { cause });
  const hostSetting = portSetting.replace(/^NIGHTJAR_RECORDER_PORT$/, 'NVR_PORT').replace('PORT', 'HOST');
  return new AppError('invalid_argument', `${hostSetting} is ${host}, which is no address of this machine`, { cause });
}
