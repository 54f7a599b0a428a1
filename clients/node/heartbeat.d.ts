/** What JSON can spell. */
export type JSONValue = null | boolean | number | string | JSONValue[] | { [key: string]: JSONValue | undefined };
/** A process's own numbers and words. What JSON cannot spell is left out, and named on standard error. */
export type HeartbeatData = object;

/** An entry of the heartbeat file; programs that write it themselves may add members of their own. */
export interface HeartbeatEntry {
  /** Unix time of the last beat in seconds. */
  last_heartbeat?: number;
  last_heartbeat_formatted?: string;
  pid?: number;
  status?: string;
  host?: string;
  /** Seconds between beats as the writer intends. */
  interval?: number;
  additional_data?: JSONValue;
  [key: string]: JSONValue | undefined;
}

export interface SendOptions {
  /** One word on how the process is. Default: that of the data, else "alive". */
  status?: string;
  /** Default: this process's id. 0 leaves it out when beats go to an exporter to which it means nothing. */
  pid?: number;
  /** The host on which the process runs, when beats go to an exporter. */
  host?: string;
  /** Seconds between its beats as it intends. */
  interval?: number;
}

/** The data, or a function that makes them for each beat. */
export type DataSource<Data> = Data | (() => Data | undefined | null | void | Promise<Data | undefined | null | void>);

export interface BeatOptions {
  /** The fewest seconds between two beats. Default: 10. */
  every?: number;
  /** What a round of the loop takes at the most in seconds, if that is known: told to the exporter. */
  interval?: number;
  pid?: number;
  host?: string;
  /** Default: the one of the default file, folder or exporter. */
  manager?: HeartbeatManager;
  /** Gets what went wrong. Default: it is said on standard error, once. */
  onError?: (error: Error) => unknown;
}

/** To be called in every round of a program's loop. It never throws, and need not be waited for. */
export interface Beat {
  (data?: DataSource<HeartbeatData> | null, status?: string): void;
  /** The last word ("stopped"), at once. Its promise is kept when it is written. */
  stop(data?: DataSource<HeartbeatData> | null, status?: string): Promise<void>;
}

export interface StartOptions extends SendOptions {
  /** Seconds between beats. Default: 30. */
  interval?: number;
  data?: DataSource<HeartbeatData>;
  /** Seconds without a tick() after which it stops beating and says "stalled". Default: never. */
  maxSilence?: number;
  /** Gets what went wrong; the next beat is tried all the same. Default: it is said on standard error, once. */
  onError?: (error: Error) => unknown;
}

/** Stops the beats; its promise is kept when a beat under way is done. `status`: a last word. */
export interface Stop {
  (status?: string): Promise<void>;
  /** The work goes on. */
  tick(): void;
}

export class HeartbeatError extends Error {
  /** "invalid", "tool", "write", "read", "corrupt", "foreign", "link", "owner", "being_written", "not_a_file", "too_large",
   * "busy", "hung"; of an exporter "unreachable", "unavailable" or "refused". */
  readonly code: string;
  /** What the exporter answered. */
  readonly status?: number;
  /** After so many seconds the exporter may be tried again. */
  readonly retryAfter?: number;
}

export interface ManagerOptions {
  /** The program `heartbeat`, for a file. Default: HEARTBEAT_TOOL, else the one in PATH. */
  tool?: string;
  /** The most seconds that an exporter or a file system may take. Default: 5, and 15 for a file system. */
  timeout?: number;
  /** Whether what goes wrong rejects. Default: it is said on standard error, once. */
  throws?: boolean;
  /** Seconds after which the entries of others are removed from a folder; 0 keeps them. Default: 86400. */
  retention?: number;
  /** Whether a beat is on the disk before its promise is kept (fsync). Default: no; a crash of the whole host may lose the last beats. */
  synchronise?: boolean;
  /** Gets what went wrong, in place of standard error. */
  onError?: (error: Error) => unknown;
}

export class HeartbeatManager {
  /** `file`: the path of a file or a folder, or http://host:port, https://host:port or the path of a push socket. */
  constructor(file?: string, options?: ManagerOptions);
  readonly file: string;
  readonly tool: string;
  /** A text as the options is the status. */
  sendHeartbeat(name: string, data?: HeartbeatData | null, options?: SendOptions | string): Promise<void>;
  getHeartbeatStatus(name: string): Promise<HeartbeatEntry | null>;
  isProcessAlive(name: string, timeout?: number): Promise<boolean>;
  allHeartbeats(): Promise<{ [name: string]: HeartbeatEntry }>;
  startHeartbeat(name: string, options?: StartOptions): Stop;
}

/** A beat to be called in every round of a program's loop; one in `every` seconds goes out. */
export function heartbeat(name: string, options?: BeatOptions): Beat;
/**
 * Does a job's work, and says when it began and how it ended: what it gives is given on; what it throws is thrown on, and is a
 * failure. What the work puts into `run.data` is told at the end, beside what was told before. `manager`: default: the one of the
 * default file, folder or exporter.
 */
export function job<Value>(name: string, work: (run: { data: { [key: string]: unknown } }) => Value | Promise<Value>, options?: { manager?: HeartbeatManager }): Promise<Value>;
/** Says that a process is alive; `data` replaces those of the last beat, without it they stay. A text as the options is the status. */
export function sendHeartbeat(name: string, data?: HeartbeatData | null, options?: SendOptions | string): Promise<void>;
/** The entry of a process, or null. */
export function getHeartbeatStatus(name: string): Promise<HeartbeatEntry | null>;
/** Whether a process beat within the last `timeout` seconds (default 60). */
export function isProcessAlive(name: string, timeout?: number): Promise<boolean>;
/** Beats at an interval by a timer, the first time at once; returns the function that stops it. */
export function startHeartbeat(name: string, options?: StartOptions): Stop;
