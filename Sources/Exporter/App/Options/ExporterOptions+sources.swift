internal import Heartbeat
internal import Monitoring

extension ExporterOptions.Heartbeats {
  /// Where heartbeats come from: the files that flags name, then the sources of the configuration, whose settings hold for paths
  /// that both name. The default's file is read where nobody names any.
  func sources(_ configuration: Configuration) -> [SourceSettings] {
    let named = filesAreDefault && !configuration.sources.isEmpty ? [] : files
    return named.map { SourceSettings(path: $0) } + configuration.sources
  }

  /// What holds for all of them.
  func sourceOptions(_ limits: ReadingLimits) -> SourceSet.Options {
    var options = SourceSet.Options()
    options.stringKeys = Set(stringKeys)
    options.maximumSize = maxFileSize
    options.maximumFiles = maxFiles
    options.maximumBytes = maxTotalSize
    options.readingTime = readTimeout
    options.limits = limits
    options.limits.entries = maxProcesses
    options.limits.numbers = maxSeriesPerProcess
    return options
  }
}
