// What Linux has beyond POSIX and Swift's Glibc module leaves out: either its header is not in that module,
// or glibc declares it only under _GNU_SOURCE.
#ifndef CLINUX_H
#define CLINUX_H

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);
extern ssize_t getdents64(int directory, void *buffer, size_t length);
extern pid_t gettid(void);
extern void *memmem(const void *whole, size_t whole_length, const void *part, size_t part_length);
extern int pipe2(int descriptors[2], int flags);
extern int prlimit(pid_t pid, unsigned int resource, const struct rlimit *new_limit, struct rlimit *old_limit);

/// In which file system a path is.
struct c_path_mount {
  /// The device of the file there.
  uint32_t major, minor;
  /// The number of the mount, where the kernel tells it (since Linux 5.8).
  uint64_t mount;
  int has_mount;
};

/// What the kernel knows of a path without asking the file system: `statx(2)`, whose structure glibc has only under _GNU_SOURCE.
static inline int look_where(const char *path, struct c_path_mount *found) {
  // As the kernel lays it out: device numbers at 136, the mount's at 144, of 256 bytes.
  uint32_t words[64] = {0};
  enum { at_fdcwd = -100, dont_sync = 0x4000, mount_bit = 0x1000 };
  // FUSE refuses to tell others anything that is asked for, but not this.
  if (syscall(SYS_statx, at_fdcwd, path, dont_sync, 0, words) != 0) return -1;
  found->major = words[34];
  found->minor = words[35];
  memcpy(&found->mount, &words[36], sizeof found->mount);
  found->has_mount = (words[0] & mount_bit) != 0;
  return 0;
}

/// Has the processor fetch the memory at an address while it goes on; any address will do.
static inline void prefetch(const void *address) { __builtin_prefetch(address); }

#endif
