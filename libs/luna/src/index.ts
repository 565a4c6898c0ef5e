export { asLuna, lunaErrors, renderLunaError, type LunaError } from './luna-errors.js';
export { errorsPagePolicy, renderErrorsPage } from './errors-page.js';
export { addLunaHeaders } from './luna-request-id.js';
export { refuseOtherMethods } from './refuse-other-methods.js';
export { StreamSubscribers, type ListenersElsewhere } from './stream-subscribers.js';
export { requireStreamId } from './stream-id.js';
export { preferredType } from './preferred-type.js';
export { settingsReply, settingsText, withoutCredentials, type SettingsView } from './settings-view.js';
export { healthReply } from './health-reply.js';
