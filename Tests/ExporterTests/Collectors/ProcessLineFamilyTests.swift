import Monitoring
import Procfs
import Testing

@testable import Exporter

@Suite("Families of lines of a process's files")
struct ProcessLineFamilyTests {
  private func metrics(_ change: (inout ExporterOptions) -> Void) throws -> String {
    var options = ExporterOptions()
    options.heartbeat.files = ["/nowhere/heartbeat_status.json"]
    change(&options)
    var scraper = Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent)
    let selection = try CollectorSelection(query: [("collect[]", "process")], enabled: [.process])
    return String(decoding: scraper.answer(selection, in: .plain, coding: .identity, at: 1e9).body, as: UTF8.self)
  }

  @Test("what is costly is read where a flag asks for it, the rest always")
  func flag() throws {
    let without = try metrics { _ in }
    #expect(without.contains("\nprocess_swap_bytes{process=\"heartbeat-exporter\"} "))
    #expect(!without.contains("process_proportional_memory_bytes"))
    let with = try metrics { $0.collectors.smaps = true }
    #expect(with.contains("\nprocess_swap_bytes{process=\"heartbeat-exporter\"} "))
    #expect(with.contains("\nprocess_proportional_memory_bytes{process=\"heartbeat-exporter\"} "))
  }

  @Test("there are no more of them than can be read")
  func limit() {
    #expect(ProcessLineFamily.all.count <= ProcessLine.limit)
  }
}
