// Starting a child process: fork(2) and exec(3) in C, because Swift cannot call fork and no Swift code may run
// between the two.
#ifndef CLINUX_SPAWN_H
#define CLINUX_SPAWN_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

extern int pipe2(int descriptors[2], int flags);
extern int execvpe(const char *file, char *const argv[], char *const envp[]);
extern int setgroups(size_t count, const gid_t *groups);

/// What clinux_spawn was at when it failed.
enum clinux_stage {
  clinux_stage_fork = 0,
  clinux_stage_folder = 1,
  clinux_stage_user = 2,
  clinux_stage_program = 3,
};

/// How a program is started. All zero: as a child with every signal at its default and none blocked.
struct clinux_start {
  /// The program, looked up in PATH, and its arguments; ends with a null pointer.
  char *const *arguments;
  /// `NAME=value`; ends with a null pointer.
  char *const *environment;
  /// Its working directory; null for the caller's.
  const char *folder;
  /// Whether it leads a process group of its own.
  int owns_group;
  /// The signal that it gets when the calling thread ends (prctl(2), PR_SET_PDEATHSIG); 0 for none.
  int death_signal;
  /// Whether its standard input and output are /dev/null.
  int is_quiet;
  /// Signals that it ignores: bit n - 1 for signal n.
  uint64_t ignored;
  /// Signals that it has blocked: bit n - 1 for signal n.
  uint64_t blocked;
  /// Whether it becomes the user below.
  int changes_user;
  uid_t user;
  gid_t group;
  const gid_t *groups;
  size_t group_count;
  /// Within `environment`: where the child's own pid is written, as digits; null for nowhere. At least 11 bytes.
  char *pid_place;
};

static inline void clinux_write_number(char *place, unsigned number) {
  char digits[11];
  int count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  while (count) *place++ = digits[--count];
  *place = 0;
}

/// Runs in the child, between fork and exec: only what signal-safety(7) allows. Gives the stage that failed.
static inline enum clinux_stage clinux_become(const struct clinux_start *start, pid_t parent) {
  if (start->owns_group) setpgid(0, 0);
  if (start->is_quiet) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int number = 0; null >= 0 && number < 3; number++) dup2(null, number);
  }
  if (start->changes_user
      && (setgroups(start->group_count, start->groups) != 0 || setgid(start->group) != 0 || setuid(start->user) != 0))
    return clinux_stage_user;
  // After the change of the user, which takes it back. The parent may have died before prctl: then nobody would ever send the signal.
  if (start->death_signal && (prctl(PR_SET_PDEATHSIG, start->death_signal, 0, 0, 0) != 0 || getppid() != parent))
    _exit(127);
  // As the user that it became, who may have no right to the folder.
  if (start->folder && chdir(start->folder) != 0) return clinux_stage_folder;
  if (start->pid_place) clinux_write_number(start->pid_place, (unsigned)getpid());
  for (int number = 1; number < NSIG; number++)
    signal(number, start->ignored >> (number - 1) & 1 ? SIG_IGN : SIG_DFL);
  sigset_t blocked;
  sigemptyset(&blocked);
  for (int number = 1; number < NSIG; number++)
    if (start->blocked >> (number - 1) & 1) sigaddset(&blocked, number);
  sigprocmask(SIG_SETMASK, &blocked, 0);
  execvpe(start->arguments[0], start->arguments, start->environment);
  return clinux_stage_program;
}

/// What has become of a start: 0 when that is not known yet; else 1, and `*error` is 0 when the program runs, or its process has ended before
/// it could.
static inline int clinux_start_outcome(int report, enum clinux_stage *stage, int *error) {
  int failure[2];
  ssize_t got;
  do {
    got = read(report, failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return 0;
  *error = 0;
  if (got == (ssize_t)sizeof failure) {
    *stage = (enum clinux_stage)failure[0];
    *error = failure[1];
  }
  return 1;
}

/// Starts a program. Gives the pid, or -1 with errno set and `*stage` told; who waits for children collects the one that could not become
/// the program.
///
/// A disk that hangs may hold up the child for good, in chdir(2) or execve(2). After `patience` milliseconds (negative: never) nobody waits
/// for it any more: `*pending` is where clinux_start_outcome will find what has become of it, for the caller to close; else -1.
static inline pid_t clinux_spawn(const struct clinux_start *start, enum clinux_stage *stage, int patience, int *pending) {
  int report[2];
  *stage = clinux_stage_fork;
  *pending = -1;
  if (pipe2(report, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    int failure[2];
    failure[0] = clinux_become(start, parent);
    failure[1] = errno;
    (void)!write(report[1], failure, sizeof failure);
    _exit(127);
  }
  int error = pid < 0 ? errno : 0;
  sigprocmask(SIG_SETMASK, &before, 0);
  close(report[1]);
  if (pid > 0) {
    if (start->owns_group) setpgid(pid, pid);  // Both sides do it, so that it is done whoever runs first.
    struct pollfd polled = {.fd = report[0], .events = POLLIN};
    while (!clinux_start_outcome(report[0], stage, &error)) {
      if (poll(&polled, 1, patience) == 0) {
        *pending = report[0];
        return pid;
      }
    }
  }
  close(report[0]);
  if (error == 0) return pid;
  errno = error;
  return -1;
}

/// Makes this process the parent of every descendant whose own parent has ended (prctl(2), PR_SET_CHILD_SUBREAPER).
static inline int clinux_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

/// Signals that this process ignores: bit n - 1 for signal n.
static inline uint64_t clinux_ignored_signals(void) {
  uint64_t ignored = 0;
  for (int number = 1; number < NSIG; number++) {
    struct sigaction now;
    if (sigaction(number, 0, &now) == 0 && now.sa_handler == SIG_IGN) ignored |= (uint64_t)1 << (number - 1);
  }
  return ignored;
}

/// Signals that this thread has blocked: bit n - 1 for signal n.
static inline uint64_t clinux_blocked_signals(void) {
  sigset_t set;
  uint64_t blocked = 0;
  if (sigprocmask(SIG_SETMASK, 0, &set) != 0) return 0;
  for (int number = 1; number < NSIG; number++)
    if (sigismember(&set, number) == 1) blocked |= (uint64_t)1 << (number - 1);
  return blocked;
}

/// Lets a signal do to this process what it does by default: stop it until SIGCONT comes, or end it. Returns when the process goes on,
/// or when the signal does nothing, as to PID 1.
static inline void clinux_suffer(int number) {
  sigset_t set, before;
  signal(number, SIG_DFL);
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, &before);
  raise(number);
  sigprocmask(SIG_SETMASK, &before, 0);
}

/// Sends a signal with the number that goes with it (sigqueue(3)).
static inline int clinux_queue(pid_t pid, int number, int value) {
  union sigval content;
  content.sival_ptr = 0;
  content.sival_int = value;
  return sigqueue(pid, number, content);
}

static inline int clinux_exited(int status) { return WIFEXITED(status); }
static inline int clinux_exit_status(int status) { return WEXITSTATUS(status); }
static inline int clinux_term_signal(int status) { return WTERMSIG(status); }
static inline int clinux_stopped(int status) { return WIFSTOPPED(status); }
static inline int clinux_stop_signal(int status) { return WSTOPSIG(status); }
static inline int clinux_continued(int status) { return WIFCONTINUED(status); }
static inline int clinux_first_realtime_signal(void) { return SIGRTMIN; }
static inline int clinux_last_realtime_signal(void) { return SIGRTMAX; }

#endif
