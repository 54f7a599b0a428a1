/// Which of the host's mounts and devices are shown: what one of these expressions is found in is left out.
public struct HostFilter: Sendable {
  /// Of mount points, seen from the host's root.
  public var mountPoints: RegularExpression?
  /// Of types of file systems.
  public var filesystemTypes: RegularExpression?
  /// Of network devices.
  public var networkDevices: RegularExpression?
  /// Of disks.
  public var disks: RegularExpression?

  /// Leaves out nothing.
  public init() {}

  /// What is left out by default.
  public static let standard: HostFilter = {
    var filter = HostFilter()
    filter.mountPoints = try? RegularExpression(standardMountPoints)
    filter.filesystemTypes = try? RegularExpression(standardFilesystemTypes)
    filter.networkDevices = try? RegularExpression(standardNetworkDevices)
    filter.disks = try? RegularExpression(standardDisks)
    return filter
  }()

  /// The kernel's own trees, and what containers have mounted for themselves; not the disks on which these lie.
  public static let standardMountPoints =
    "^/(dev|proc|sys|run/credentials/.+|var/lib/docker/.+|(run|var/lib)/containers/storage/.+|"
    + "(var/snap/.+/)?run/(k[03]s/)?containerd/.+|var/(lib|snap)/(.+/)?kubelet/(pods|plugins)/.+)($|/)"

  /// What the kernel makes up, images that are always full, and what other machines and programs serve.
  public static let standardFilesystemTypes =
    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|"
    + "overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs|nfs4?|cifs|smb3|smbfs|ncpfs|"
    + "afs|ceph|9p|fuse|fuse[.].+|glusterfs|lustre|gfs2|ocfs2|davfs)$"

  /// The host's ends of containers' networks, as the kernel, Cilium, and Calico and the networks of clouds name them.
  public static let standardNetworkDevices = "^(veth|lxc([0-9a-f]{4,}|_health)$|(azv|cali|eni|gke)[0-9a-f]{10,}$)"

  /// Partitions, which would count again what the disk counts; RAM disks, loop devices and floppies.
  public static let standardDisks =
    "^((z?ram|loop|fd)|(h|s|v|xv)d[a-z]+|nvme[0-9]+n[0-9]+p|mmcblk[0-9]+p)[0-9]+$"

  static func leavesOut(_ expression: RegularExpression?, _ name: some Sequence<UInt8>) -> Bool {
    expression?.matches(Array(name)) ?? false
  }
}
