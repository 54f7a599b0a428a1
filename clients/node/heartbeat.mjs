// The same for ES modules: import { heartbeat } from 'heartbeat'.
import client from './heartbeat.js';

export const {
  HeartbeatError,
  HeartbeatManager,
  getHeartbeatStatus,
  heartbeat,
  isProcessAlive,
  job,
  sendHeartbeat,
  startHeartbeat,
} = client;
export default client;
