export { findFreePort } from './find-free-port.js';
export { isProcessAlive, readCommandLine, signalProcess, stopProcess, waitUntilGone, type StopStep } from './stop-process.js';
export {
  startEmbeddedPostgres,
  stopOrphanedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './postgres/embedded-postgres.js';
export { busPayloadBytesMax, EmbeddedBroker } from './broker/embedded-broker.js';
export { type BusServer, type BusServerOptions } from './bus/bus-server.js';
export { chooseBus, type BusChoice, type BusPreferences } from './bus/choose-bus.js';
export { startNatsServer, stopOrphanedNatsServer } from './bus/nats-server.js';
export { startBrokerProcess } from './bus/broker-process.js';
export { loadClip, type H264Clip } from './rtsp-camera/h264-clip.js';
export { loadSound, type SoundClip } from './rtsp-camera/sound-clip.js';
export { cameraFaults, type CameraFault } from './rtsp-camera/camera-fault.js';
export { RtspCamera, type RtspCameraOptions } from './rtsp-camera/rtsp-camera.js';
export { renderScenes, type RenderOptions, type Scene } from './rtsp-camera/render-scenes.js';
export { demoFramesPerSecond, demoPicture, ensureDemoClip } from './rtsp-camera/demo-clip.js';
