export { refuseForeignPages, WebSocketDoor, type WebSocketDoorOptions } from './websocket-door.js';
