internal import Flags
internal import Heartbeat
internal import YAML

/// Puts the settings of a job together: what is expected of it, and when.
struct JobPlanDecoder {
  static let keys = ["every", "schedule", "time_zone", "grace", "max_duration"]
  /// The longest time from one success to the next, in seconds: so long a job's entry is kept.
  private static let longestInterval = JobRecord.keptLonger

  private var every: Double?
  private var schedule: (CronSchedule, YAMLKey)?
  private var zone: (ZoneRules, YAMLKey)?
  private var grace: (Double, YAMLKey)?
  private var longestRun: Double?

  /// Takes over one of the keys.
  mutating func take(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) {
    switch key.text {
    case "every": every = try ConfigurationDecoder.timeout(node, key, 1...JobPlanDecoder.longestInterval)
    case "schedule": schedule = (try JobPlanDecoder.schedule(node, key), key)
    case "time_zone": zone = (try SourcesDecoder.zone(node, key), key)
    case "grace": grace = (try ConfigurationDecoder.timeout(node, key, 0...Durations.longest), key)
    default: longestRun = try ConfigurationDecoder.timeout(node, key)
    }
  }

  /// What they come to; nil when there was none.
  func plan() throws(YAMLError) -> JobPlan? {
    if let (_, key) = schedule, every != nil {
      throw YAMLError(key.node.position, "schedule beside every: expected one of them")
    }
    if let (_, key) = zone, schedule == nil {
      throw YAMLError(key.node.position, "time_zone without a schedule: expected schedule too")
    }
    if let (_, key) = grace, schedule == nil, every == nil {
      throw YAMLError(key.node.position, "grace without a time at which the job is due: expected every or schedule too")
    }
    let rhythm = every.map { JobPlan.Rhythm.every($0) } ?? schedule.map { .schedule($0.0, zone?.0 ?? .local) }
    guard rhythm != nil || longestRun != nil else { return nil }
    return JobPlan(rhythm, grace: grace?.0, longestRun: longestRun)
  }

  private static func schedule(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> CronSchedule {
    let text = try node.text(key, "a schedule such as \"30 3 * * mon-fri\" or @daily")
    do throws(CronSchedule.Invalid) {
      return try CronSchedule(text)
    } catch {
      throw YAMLError(node.position, "\(key.text) is \(quoted(text)): \(error)")
    }
  }
}
