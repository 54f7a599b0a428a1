'use strict';
// Beat from Node: say where others see it that this program is alive and how it is doing.
//
//   const { heartbeat } = require('heartbeat');
//   const beat = heartbeat('bidder');
//   for (;;) { await scan(); beat({ offset }); }
//
// In place of a file a manager takes a folder, in which each process has a file of its own, or the address of an exporter:
//
//   new HeartbeatManager('/run/heartbeat.d')    new HeartbeatManager('http://user:password@host:9464')

const { HeartbeatError } = require('./lib/errors');
const jobs = require('./lib/jobs');
const { HeartbeatManager } = require('./lib/manager');
const rhythm = require('./lib/rhythm');
const { membersNamed, sayOnce } = require('./lib/settings');

// The manager of the default file, folder or exporter, by what the environment says at each call.
const manager = new HeartbeatManager();

/** The manager that the options name, or the default one. */
function managerOf(options) {
  const chosen = membersNamed(['manager'], options).manager;
  if (chosen === undefined || chosen === null) return manager;
  if (typeof chosen.beat === 'function' && typeof chosen.fail === 'function' && typeof chosen.sendHeartbeat === 'function') return chosen;
  sayOnce('manager: expected a HeartbeatManager; the default one is taken');
  return manager;
}

// Plain assignments: Node finds the names of what an ES module may import by looking for them.
exports.HeartbeatError = HeartbeatError;
exports.HeartbeatManager = HeartbeatManager;
exports.heartbeat = (name, options) => rhythm.heartbeat(managerOf(options), name, options);
exports.job = (name, work, options) => jobs.job(managerOf(options), name, work);
exports.sendHeartbeat = (name, data, options) => manager.sendHeartbeat(name, data, options);
exports.getHeartbeatStatus = (name) => manager.getHeartbeatStatus(name);
exports.isProcessAlive = (name, timeout) => manager.isProcessAlive(name, timeout);
exports.startHeartbeat = (name, options) => manager.startHeartbeat(name, options);
