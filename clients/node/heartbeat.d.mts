export * from './heartbeat.js';
import * as client from './heartbeat.js';
export default client;
