export { AppError, errorBody, errorKinds, toAppError } from './app-error.js';
export { deadlineSignal, FakeClock, sleep, systemClock, type Clock } from './clock.js';
export { Health, type ReadinessCheck } from './health.js';
export { renderProblem, startHttpApp, type HttpApp, type HttpAppOptions, type RenderedError, type RenderError } from './http-app.js';
export { createLogger, withoutCredentials, type Logger } from './logger.js';
export { runProcess, type ProcessContext } from './process-main.js';
export { isLoopbackHost, loadSettings, settings, SettingsError, type SettingName, type SettingValue } from './settings.js';
export { Shutdown } from './shutdown.js';
