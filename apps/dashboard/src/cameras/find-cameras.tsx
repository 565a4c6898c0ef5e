import { useState } from 'react';
import { discoverDevices, readDeviceStreams, type Device, type DeviceStreams } from '../api/cameras.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import type { Credentials } from './camera-fields.js';

/** Looks for ONVIF cameras in the network, and asks one how it sends. */
export function FindCameras({
  api,
  credentials,
  onFound,
}: {
  api: Api;
  credentials: Credentials;
  onFound: (device: Device, streams: DeviceStreams) => void;
}) {
  const action = useAction();
  const [devices, setDevices] = useState<readonly Device[]>();
  const take = (device: Device) =>
    action.run(async () => onFound(device, await readDeviceStreams(api, { onvif_url: device.onvif_url, ...credentials })));
  return (
    <div className="stack">
      <button type="button" disabled={action.isBusy} onClick={() => void action.run(async () => setDevices(await discoverDevices(api)))}>
        {action.isBusy ? 'Asking …' : 'Look for cameras in the network'}
      </button>
      {devices?.length === 0 && (
        <p className="empty">No camera answered. Not every network passes the question on: type the address of the camera below.</p>
      )}
      {devices && devices.length > 0 && (
        <>
          <p className="empty">Most cameras tell their streams only to who gives user name and password below.</p>
          <ul className="rows">
            {devices.map((device) => (
              <li key={device.onvif_url}>
                <span>
                  {device.name ?? 'camera'} {device.hardware} ({device.address})
                </span>
                <button type="button" disabled={action.isBusy} onClick={() => void take(device)}>
                  Use this one
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <Problem text={action.problem} />
    </div>
  );
}
