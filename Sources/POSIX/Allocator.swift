internal import CLinux

/// The C library's allocator.
public enum Allocator {
  /// From now on the kernel gets the memory of blocks of so many bytes and more back as soon as they are freed. By default the limit rises
  /// with the largest block that was freed, up to 32 MiB, and smaller ones leave holes that nothing else fits into (`mallopt(3)`,
  /// `M_MMAP_THRESHOLD`, `M_TRIM_THRESHOLD`).
  public static func giveBack(blocksFrom bytes: Int32) {
    // Both cannot fail for numbers up to 32 MiB, and without them all works as well.
    _ = mallopt(M_MMAP_THRESHOLD, bytes)
    _ = mallopt(M_TRIM_THRESHOLD, bytes)
  }
}
