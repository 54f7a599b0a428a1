package import Heartbeat

/// Why an exporter did not take a beat.
package struct PushFailure: Error {
  /// What an exporter says that is there.
  package struct Refusal: Hashable, Sendable {
    /// Of HTTP.
    package let status: Int
    /// After how many seconds it is to be asked again; nil when it does not say.
    package let retryAfter: Double?
  }

  /// What is said of it.
  package let error: HeartbeatError
  /// nil when there was no answer.
  package var refusal: Refusal?
}
