import { withoutCredentials, type SettingsView } from '@nightjar/luna';
import type { AgentConfig } from '../config.js';

/**
 * The current settings in the sections of the Luna Video Agent's configuration; those that only we have follow. Read anew for
 * each request.
 */
export function configView(config: AgentConfig): SettingsView {
  return {
    // We send no monitoring to InfluxDB: plugins may (docs/guide/your-own-plugin.md).
    INFLUX_MONITORING: { SEND_DATA_FOR_MONITORING: 0 },
    LUNA_CONFIGURATOR: { USE_CONFIGURATOR: 0 },
    ADDITIONAL_SERVICES_USAGE: { LUNA_VIDEO_MANAGER: 1, LUNA_EVENTS: 0, LUNA_SENDER: 0, LUNA_FACES: 0 },
    LUNA_VIDEO_AGENT_SETTINGS: {
      AGENT_ID: config.agentId,
      HOST: config.host,
      PORT: config.port,
      MAX_ACTIVE_TASKS: config.streamSlots,
      MAX_ACTIVE_JOBS: config.jobSlots,
      ACCESS: config.access.kind,
      JWKS_URL: config.access.kind === 'bearer' ? withoutCredentials(config.access.jwksUrl) : null,
    },
    LUNA_VIDEO_AGENT_VIDEO_SETTINGS: {
      FFMPEG_PATH: config.ffmpegPath === undefined ? null : 'set',
      HWACCEL: config.hardware ?? 'none',
      IDLE_AFTER_SECONDS: config.idleAfterMs / 1_000,
    },
    // A list of servers, each with credentials of its own.
    NIGHTJAR_BUS: { NATS_URL: config.natsUrl.split(',').map(withoutCredentials).join(',') },
  };
}
