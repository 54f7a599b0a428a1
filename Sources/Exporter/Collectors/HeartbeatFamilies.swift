internal import Exposition

/// The families that say what the heartbeat file says.
enum HeartbeatFamilies {
  static let state = MetricFamily(
    "heartbeat_state", .gauge, "Always 1: the state of the process, and the reason for it.")
  static let interval = MetricFamily(
    "heartbeat_interval_seconds", .gauge, "Seconds between the last two beats that were seen.")
  static let age = MetricFamily(
    "heartbeat_age_seconds", .gauge,
    "Seconds since the last beat; negative when the clock of the process is ahead.")
  static let alive = MetricFamily(
    "heartbeat_alive", .gauge, "1 if the last beat is younger than the timeout and not from the future.")
  static let silencedUntil = MetricFamily(
    "heartbeat_silenced_until_timestamp_seconds", .gauge,
    "Unix time at which the silence of the process ends; only while somebody has silenced it.")
  static let lastTimestamp = MetricFamily(
    "heartbeat_last_timestamp_seconds", .gauge, "Unix time of the last beat.")
  static let timeout = MetricFamily(
    "heartbeat_timeout_seconds", .gauge, "Age in seconds from which the process counts as dead.")
  static let status = MetricFamily(
    "heartbeat_status", .gauge, "Always 1: the status word that the process reports.")
  static let pid = MetricFamily("heartbeat_pid", .gauge, "The process id that the process reports.")
  static let dataInfo = MetricFamily(
    "heartbeat_data_info", .gauge, "Always 1: a string of the process's own data, for the keys that were asked for.")

  static let fileUp = MetricFamily(
    "heartbeat_file_up", .gauge, "1 if the heartbeat file could be read; 0 while older content is served.")
  static let fileSize = MetricFamily("heartbeat_file_size_bytes", .gauge, "Size of the heartbeat file.")
  static let fileLastUpdated = MetricFamily(
    "heartbeat_file_last_updated_timestamp_seconds", .gauge, "Unix time that the heartbeat file gives as last_updated.")
  static let fileModified = MetricFamily(
    "heartbeat_file_modified_timestamp_seconds", .gauge, "Unix time at which the heartbeat file was last written.")
  static let fileEntries = MetricFamily(
    "heartbeat_file_entries", .gauge, "Well-formed processes in the heartbeat file.")
  static let fileSkippedEntries = MetricFamily(
    "heartbeat_file_skipped_entries", .gauge, "Parts of the heartbeat file that are left out now.")
  static let patternFiles = MetricFamily(
    "heartbeat_pattern_files", .gauge, "Files that match the pattern and are read.")
  static let patternFilesLeftOut = MetricFamily(
    "heartbeat_pattern_files_left_out", .gauge, "Files that match the pattern and are not read: a limit held them back."
  )
  static let fileExpiredEntries = MetricFamily(
    "heartbeat_file_expired_entries", .gauge,
    "Processes of all files not shown because their beat is older than the retention.")
  static let readErrors = MetricFamily(
    "heartbeat_file_read_errors_total", .counter, "Failed attempts to read the heartbeat file, by reason.")
  static let entriesSkipped = MetricFamily(
    "heartbeat_entries_skipped_total", .counter,
    "Malformed parts left out, by reason, counted once for each content of the files.")
  static let seriesDropped = MetricFamily(
    "heartbeat_series_dropped_total", .counter,
    "Data series that a limit held back, by reason, counted once for each content of the file.")
}
