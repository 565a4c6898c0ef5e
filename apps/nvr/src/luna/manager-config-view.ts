import { withoutCredentials, type SettingsView } from '@nightjar/luna';
import type { ApiConfig } from '../config.js';

/** The settings of the NVR that streams and their agents are about, in the sections of a Luna service. Read anew for each request. */
export function managerConfigView(config: ApiConfig): SettingsView {
  const { cameraNetworks, detectFps, lunaTrustedNetworks, videoFileNetworks } = config;
  return {
    INFLUX_MONITORING: { SEND_DATA_FOR_MONITORING: 0 },
    LUNA_CONFIGURATOR: { USE_CONFIGURATOR: 0 },
    ADDITIONAL_SERVICES_USAGE: { LUNA_EVENTS: 0, LUNA_SENDER: 0, LUNA_FACES: 0, LUNA_LICENSES: 0 },
    LUNA_VIDEO_MANAGER_DB: { DB_TYPE: 'postgres', DB_URL: withoutCredentials(config.databaseUrl) },
    LUNA_VIDEO_MANAGER_SETTINGS: {
      HOST: config.host,
      PORT: config.port,
      FRAMES_PER_SECOND: detectFps,
      CAMERA_NETWORKS: cameraNetworks.join(', '),
      VIDEOFILE_NETWORKS_COUNT: videoFileNetworks.length,
      TRUSTED_NETWORKS_COUNT: lunaTrustedNetworks.length,
    },
    NIGHTJAR_BUS: { NATS_URL: config.natsUrl.split(',').map(withoutCredentials).join(',') },
  };
}
