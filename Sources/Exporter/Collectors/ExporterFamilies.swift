internal import Exposition

/// What the exporter says of itself.
enum ExporterFamilies {
  static let buildInfo = MetricFamily(
    "heartbeat_exporter_build_info", .gauge, "Always 1: the version of this exporter.")
  static let collectorDuration = MetricFamily(
    "heartbeat_exporter_collector_duration_seconds", .gauge, "Seconds that the collector took in this scrape.")
  static let collectorSuccess = MetricFamily(
    "heartbeat_exporter_collector_success", .gauge, "1 if the collector could read its source in this scrape.")
  static let requests = MetricFamily(
    "heartbeat_exporter_http_requests_total", .counter, "HTTP requests answered, by handler and status code.")
  static let lateAnswers = MetricFamily(
    "heartbeat_exporter_late_answers_total", .counter,
    "Scrapes and questions of the API that were answered after more than 10 seconds.")
  static let connections = MetricFamily(
    "heartbeat_exporter_http_connections", .gauge, "HTTP connections that are open.")
  static let handshakeErrors = MetricFamily(
    "heartbeat_exporter_tls_handshake_errors_total", .counter,
    "Connections that were to be encrypted and came to nothing: a certificate was refused, or what came was no TLS.")
  static let reloadSuccessful = MetricFamily(
    "heartbeat_exporter_config_last_reload_successful", .gauge,
    "1 if the configuration file was good when it was last read.")
  static let webReloadSuccessful = MetricFamily(
    "heartbeat_exporter_web_config_last_reload_successful", .gauge,
    "1 if the web configuration file was good when it was last read.")
}
