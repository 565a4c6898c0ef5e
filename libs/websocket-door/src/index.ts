export { refuseForeignPages, WebSocketDoor } from './websocket-door.js';
