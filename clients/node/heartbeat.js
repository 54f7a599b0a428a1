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

// The manager of the default file, folder or exporter, by what the environment says at each call.
const manager = new HeartbeatManager();

// Plain assignments: Node finds the names of what an ES module may import by looking for them.
exports.HeartbeatError = HeartbeatError;
exports.HeartbeatManager = HeartbeatManager;
exports.heartbeat = (name, options) => rhythm.heartbeat(options?.manager ?? manager, name, options ?? {});
exports.job = (name, work, options) => jobs.job(options?.manager ?? manager, name, work);
exports.sendHeartbeat = (name, data, options) => manager.sendHeartbeat(name, data, options);
exports.getHeartbeatStatus = (name) => manager.getHeartbeatStatus(name);
exports.isProcessAlive = (name, timeout) => manager.isProcessAlive(name, timeout);
exports.startHeartbeat = (name, options) => manager.startHeartbeat(name, options);
