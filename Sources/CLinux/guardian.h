// The process that ends what its supervisor leaves behind. In C, for between fork(2) and _exit(2) no Swift code may run.
#ifndef CLINUX_GUARDIAN_H
#define CLINUX_GUARDIAN_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

extern int pipe2(int descriptors[2], int flags);
extern int close_range(unsigned first, unsigned last, int flags);
extern ssize_t getdents64(int directory, void *buffer, size_t length);
extern void *memmem(const void *text, size_t length, const void *word, size_t size);

/// The longest mark, with its final zero byte.
#define CLINUX_LONGEST_MARK 64

/// Whether a process has the mark in the environment that it was started with. `folder` is /proc.
static inline int clinux_is_marked(int folder, const char *pid, const char *mark, size_t size) {
  char path[32], text[16384 + CLINUX_LONGEST_MARK];
  size_t length = strlen(pid);
  if (length > 16) return 0;
  memcpy(path, pid, length);
  memcpy(path + length, "/environ", 9);
  int file = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  // A mark may lie across two parts: the end of each is kept for the next one.
  size_t kept = 0;
  int found = 0;
  for (;;) {
    ssize_t got = read(file, text + kept, 16384);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size_t have = kept + (size_t)got;
    if (memmem(text, have, mark, size)) {
      found = 1;
      break;
    }
    kept = have < size - 1 ? have : size - 1;
    memmove(text, text + have - kept, kept);
  }
  close(file);
  return found;
}

/// The numbers of a process in the PID namespaces that it is in, from that of /proc inwards (proc_pid_status(5), NSpid): gives how many there
/// are, 0 when that is not known, and the one at a place, the last one for a negative place. `folder` is /proc.
static inline int clinux_namespace_pid(int folder, const char *pid, int place, pid_t *number) {
  static const char key[] = "\nNSpid:";
  char path[32], text[4096];
  size_t length = strlen(pid), matched = 0;
  if (length > 16) return 0;
  memcpy(path, pid, length);
  memcpy(path + length, "/status", 8);
  int file = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  int count = 0, is_over = 0, has_digits = 0;
  pid_t next = 0;
  // The list of groups before it may be long: by parts.
  while (!is_over) {
    ssize_t got = read(file, text, sizeof text);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t index = 0; index < got && !is_over; index++) {
      char byte = text[index];
      if (matched < sizeof key - 1) {
        matched = byte == key[matched] ? matched + 1 : byte == '\n';
      } else if (byte >= '0' && byte <= '9') {
        next = next * 10 + (byte - '0');
        has_digits = 1;
      } else {
        if (has_digits && (place < 0 || place == count)) *number = next;
        count += has_digits;
        next = has_digits = 0;
        is_over = byte == '\n';
      }
    }
  }
  close(file);
  return is_over ? count : 0;
}

/// At which place of those numbers the caller's namespace has its own: 0 where /proc shows that very namespace, -1 where it does not show
/// the caller at all. It need not be the caller's: a new PID namespace has the old /proc until another one is mounted.
static inline int clinux_namespace_place(int folder) {
  pid_t own = 0;
  int count = clinux_namespace_pid(folder, "self", -1, &own);
  if (count > 0) return own == getpid() ? count - 1 : -1;
  // A kernel without such lines, before 4.1.
  char text[16];
  ssize_t length = readlinkat(folder, "self", text, sizeof text);
  for (ssize_t index = 0; index < length; index++) own = own * 10 + (text[index] - '0');
  return length > 0 && own == getpid() ? 0 : -1;
}

/// Kills every process with the mark but the caller; gives how many there were.
static inline int clinux_kill_marked(const char *mark, pid_t self) {
  int folder = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return 0;
  int place = clinux_namespace_place(folder);
  if (place < 0) {
    close(folder);
    return 0;
  }
  size_t size = strlen(mark);
  int killed = 0;
  char entries[8192];
  for (;;) {
    ssize_t filled = getdents64(folder, entries, sizeof entries);
    if (filled <= 0) break;
    for (ssize_t position = 0; position < filled;) {
      // struct linux_dirent64: u64 inode, s64 offset, u16 record length, u8 type, then the name with its zero byte.
      uint16_t length;
      memcpy(&length, entries + position + 16, sizeof length);
      const char *name = entries + position + 19;
      position += length;
      pid_t pid = 0;
      for (const char *digit = name; *digit; digit++) {
        if (*digit < '0' || *digit > '9' || pid > 100000000) {
          pid = 0;
          break;
        }
        pid = pid * 10 + (*digit - '0');
      }
      if (pid < 1 || !clinux_is_marked(folder, name, mark, size)) continue;
      // Not its number in a namespace above: here somebody else has that.
      if (place > 0 && clinux_namespace_pid(folder, name, place, &pid) <= place) continue;
      if (pid > 1 && pid != self && kill(pid, SIGKILL) == 0) killed++;
    }
  }
  close(folder);
  return killed;
}

/// What a guardian is told.
struct clinux_charge {
  /// 0: `pid` is the process group that dies with the supervisor, 0 for none. 1: `pid` is one more process that does.
  /// 2: the processes that were named before are forgotten.
  int kind;
  pid_t pid;
  /// Its number in /proc, which may show another PID namespace.
  pid_t seen;
  /// When it started (proc_pid_stat(5), field 22): who has its number later is somebody else.
  uint64_t start;
};

/// The most processes that a guardian knows by their number.
#define CLINUX_MOST_CHARGES 4096

/// Whether the process that started then is still there.
static inline int clinux_is_same(const struct clinux_charge *charge) {
  char path[32] = "/proc/", text[1024];
  size_t end = 6;
  char digits[12];
  int count = 0;
  for (pid_t rest = charge->seen; rest > 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  while (count) path[end++] = digits[--count];
  memcpy(path + end, "/stat", 6);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t got = read(file, text, sizeof text - 1);
  close(file);
  if (got <= 0) return 0;
  text[got] = 0;
  // The name may hold anything: only the last ) ends it. The state follows, field 3.
  char *field = strrchr(text, ')');
  if (!field) return 0;
  for (int number = 2; number < 22; number++) {
    field = strchr(field + 1, ' ');
    if (!field) return 0;
  }
  uint64_t start = 0;
  for (field++; *field >= '0' && *field <= '9'; field++) start = start * 10 + (uint64_t)(*field - '0');
  return start == charge->start;
}

/// What a guardian does once its supervisor is gone.
static inline void clinux_avenge(
    pid_t group, const char *mark, const struct clinux_charge *charges, int count) {
  for (int index = 0; index < count; index++)
    if (clinux_is_same(&charges[index])) kill(charges[index].pid, SIGKILL);
  // Who forks faster than it is killed is looked for again; what cannot be ended, as in an uninterruptible wait, is not waited for.
  for (int round = 0, quiet = 0; round < 500 && quiet < 2; round++) {
    if (group > 1) kill(-group, SIGKILL);
    quiet = clinux_kill_marked(mark, getpid()) == 0 ? quiet + 1 : 0;
    struct timespec pause = {0, 10 * 1000 * 1000};
    nanosleep(&pause, 0);
  }
}

/// Closes every descriptor from a number on.
static inline void clinux_close_from(unsigned first) {
  if (close_range(first, ~0U, 0) == 0) return;
  // Linux before 5.9, or a filter of system calls that does not know it.
  int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    struct rlimit limit;
    unsigned most = 65536;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < most) most = (unsigned)limit.rlim_cur;
    for (unsigned number = first; number < most; number++) close((int)number);
    return;
  }
  char entries[8192];
  for (;;) {
    ssize_t filled = getdents64(folder, entries, sizeof entries);
    if (filled <= 0) break;
    for (ssize_t position = 0; position < filled;) {
      uint16_t length;  // as in clinux_kill_marked
      memcpy(&length, entries + position + 16, sizeof length);
      const char *digit = entries + position + 19;
      position += length;
      if (*digit < '0' || *digit > '9') continue;
      unsigned number = 0;
      for (; *digit >= '0' && *digit <= '9'; digit++) number = number * 10 + (unsigned)(*digit - '0');
      if (number >= first && number != (unsigned)folder) close((int)number);
    }
  }
  close(folder);
}

/// Forks a guardian: a process that sleeps until `*lifeline` is closed, which happens when the caller dies, however it
/// dies. Then it kills what it was told by the lifeline (struct clinux_charge), and whatever has `mark` in its environment. Only SIGKILL
/// ends it before. Gives its pid, or -1 with errno set.
static inline pid_t clinux_guardian(int *lifeline, const char *mark) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    (void)!chdir("/");  // or it would keep a file system busy
    prctl(PR_SET_NAME, "hb-guardian", 0, 0, 0);
    // Every descriptor but the lifeline is somebody else's: an inherited pipe would never end. Least of all its other end, whatever may
    // become of the rest: who holds that never sees it closed.
    close(ends[1]);
    if (ends[0] != 3) dup2(ends[0], 3);
    for (int number = 0; number < 3; number++) close(number);
    clinux_close_from(4);
    static struct clinux_charge charges[CLINUX_MOST_CHARGES];
    struct clinux_charge next;
    int count = 0;
    pid_t group = 0;
    for (;;) {
      ssize_t got = read(3, &next, sizeof next);
      if (got == (ssize_t)sizeof next) {
        if (next.kind == 0) group = next.pid;
        if (next.kind == 1 && count < CLINUX_MOST_CHARGES) charges[count++] = next;
        if (next.kind == 2) count = 0;
      } else if (got == 0) {
        clinux_avenge(group, mark, charges, count);
        _exit(0);
      } else if (errno != EINTR) {
        _exit(1);
      }
    }
  }
  int error = errno;
  sigprocmask(SIG_SETMASK, &before, 0);
  close(ends[0]);
  if (pid < 0) {
    close(ends[1]);
    errno = error;
    return -1;
  }
  // A guardian that was stopped must not stop its supervisor.
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  *lifeline = ends[1];
  return pid;
}

#endif
