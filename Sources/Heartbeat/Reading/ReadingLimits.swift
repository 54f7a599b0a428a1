/// How much a reader of heartbeat files takes and remembers. Tests set these to a handful, so that each is crossed often.
package struct ReadingLimits: Sendable {
  /// The most different key paths of one content, the known keys among them; further ones are left out.
  package var keyPaths = HeartbeatSnapshot.maximumKeyPaths
  /// Key paths are remembered from content to content. When there are more than this, all that is remembered is forgotten,
  /// and with it those that are no longer used.
  package var rememberedPaths = HeartbeatSnapshot.maximumKeyPaths / 2

  /// The limits that docs/limits.md names.
  package init() {}
}
