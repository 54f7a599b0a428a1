/** What JSON can spell. */
export type JSONValue = null | boolean | number | string | JSONValue[] | { [key: string]: JSONValue | undefined };
/** A process's own numbers and words. */
export type HeartbeatData = { [key: string]: JSONValue | undefined };

/** An entry of the heartbeat file; programs that write it themselves may add members of their own. */
export interface HeartbeatEntry {
  /** Unix time of the last beat in seconds. */
  last_heartbeat?: number;
  last_heartbeat_formatted?: string;
  pid?: number;
  status?: string;
  host?: string;
  additional_data?: JSONValue;
  [key: string]: JSONValue | undefined;
}

export interface SendOptions {
  /** One word on how the process is. Default: "alive". */
  status?: string;
  /** Default: this process's id. 0 leaves it out when beats go to an exporter to which it means nothing. */
  pid?: number;
  /** The host on which the process runs, when beats go to an exporter. */
  host?: string;
}

export interface StartOptions extends SendOptions {
  /** Seconds between beats. Default: 30. */
  interval?: number;
  /** The data, or a function that makes them for each beat. */
  data?: HeartbeatData | (() => HeartbeatData | undefined | Promise<HeartbeatData | undefined>);
  /** Gets what went wrong; the next beat is tried all the same. Default: prints it to standard error. */
  onError?: (error: Error) => void;
}

export class HeartbeatError extends Error {
  /** "invalid", "tool", "write", "read", "corrupt"; of an exporter "unreachable", "unavailable" or "refused". */
  readonly code: string;
  /** What the exporter answered. */
  readonly status?: number;
  /** After so many seconds the exporter may be tried again. */
  readonly retryAfter?: number;
}

export class HeartbeatManager {
  /** `file`: a path, or http://host:port, https://host:port or the path of a push socket; `timeout` in seconds. */
  constructor(file?: string, options?: { tool?: string; timeout?: number });
  readonly file: string;
  readonly tool: string;
  sendHeartbeat(name: string, data?: HeartbeatData | null, options?: SendOptions): Promise<void>;
  getHeartbeatStatus(name: string): Promise<HeartbeatEntry | null>;
  isProcessAlive(name: string, timeout?: number): Promise<boolean>;
  allHeartbeats(): Promise<{ [name: string]: HeartbeatEntry }>;
  startHeartbeat(name: string, options?: StartOptions): () => Promise<void>;
}

/** Says that a process is alive; `data` replaces those of the last beat, without it they stay. */
export function sendHeartbeat(name: string, data?: HeartbeatData | null, options?: SendOptions): Promise<void>;
/** The entry of a process, or null. */
export function getHeartbeatStatus(name: string): Promise<HeartbeatEntry | null>;
/** Whether a process beat within the last `timeout` seconds (default 60). */
export function isProcessAlive(name: string, timeout?: number): Promise<boolean>;
/** Beats at an interval, the first time at once; returns the function that stops it. */
export function startHeartbeat(name: string, options?: StartOptions): () => Promise<void>;
