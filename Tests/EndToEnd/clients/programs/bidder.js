'use strict';
// Scans and sleeps: beats once a round, and says when it ends.

const { sendHeartbeat } = require('heartbeat');

const [name, pause] = process.argv.slice(2);
let hasEnded = false;
process.on('SIGTERM', () => { hasEnded = true; });

(async () => {
  for (let offset = 0; !hasEnded; offset = (offset + 20) % 200) {
    await sendHeartbeat(name, { status: 'scanning', debug_mode: false, offset, memory_usage: process.memoryUsage() });
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
  await sendHeartbeat(name, { status: 'stopped', final: true });
})();
