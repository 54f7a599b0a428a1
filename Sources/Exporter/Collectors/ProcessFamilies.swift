internal import Exposition

/// What the kernel says of each process. Names and meaning follow the Prometheus client libraries where they have them.
enum ProcessFamilies {
  static let up = MetricFamily(
    "process_up", .gauge, "1 if the process runs, 0 if it certainly does not; absent where nobody can say.")
  static let matched = MetricFamily(
    "process_matched", .gauge, "Number of processes that look as the process is configured by match.")
  static let matchesExceeded = MetricFamily(
    "process_match_exceeded_total", .counter,
    "Command lines of which it would have taken too long to say whether they match; they count as if they did not.")
  static let cpu = MetricFamily(
    "process_cpu_seconds_total", .counter, "User and system CPU time spent, in seconds.")
  static let residentMemory = MetricFamily(
    "process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
  static let virtualMemory = MetricFamily(
    "process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
  static let threads = MetricFamily("process_threads", .gauge, "Number of threads.")
  static let openFiles = MetricFamily("process_open_fds", .gauge, "Number of open file descriptors.")
  static let maximumFiles = MetricFamily("process_max_fds", .gauge, "Maximum number of open file descriptors.")
  static let startTime = MetricFamily(
    "process_start_time_seconds", .gauge, "Unix time at which the process started.")
  static let readBytes = MetricFamily(
    "process_io_read_bytes_total", .counter,
    "Bytes that all threads of the process, and the children that it waited for, made the storage layer read.")
  static let writtenBytes = MetricFamily(
    "process_io_written_bytes_total", .counter,
    "Bytes that all threads of the process, and the children that it waited for, made the storage layer write.")
  static let contextSwitches = MetricFamily(
    "process_context_switches_total", .counter, "Context switches of all threads of the process, by kind.")
  static let majorPageFaults = MetricFamily(
    "process_major_page_faults_total", .counter,
    "Page faults of all threads of the process that needed a read from disk.")
  static let minorPageFaults = MetricFamily(
    "process_minor_page_faults_total", .counter,
    "Page faults of all threads of the process that needed no read from disk.")
  static let worstFileRatio = MetricFamily(
    "process_worst_fd_ratio", .gauge,
    "Open file descriptors as a part of those that there may be; of a process tree, the largest of any process.")
}
