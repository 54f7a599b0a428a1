// Starting a child process: fork(2) and exec(3) in C, because Swift cannot call fork and no Swift code may run
// between the two.
#ifndef CLINUX_SPAWN_H
#define CLINUX_SPAWN_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

extern int pipe2(int descriptors[2], int flags);
extern int close_range(unsigned first, unsigned last, int flags);
extern int execvpe(const char *file, char *const argv[], char *const envp[]);

/// Starts `argv[0]` (looked up in PATH) with every signal at its default and none blocked. The child is killed with
/// `death_signal` when the calling thread ends (prctl(2), PR_SET_PDEATHSIG); with `own_group` it leads a process
/// group of its own. Gives the pid, or -1 with errno set; a failed exec gives the errno of the exec.
static inline pid_t clinux_spawn(char *const argv[], char *const envp[], int own_group, int death_signal) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return -1;
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    if (own_group) setpgid(0, 0);
    // The parent may have died before prctl: then nobody would ever send the signal.
    if (death_signal && (prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0 || getppid() != parent)) _exit(127);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    execvpe(argv[0], argv, envp);
    int error = errno;
    (void)!write(report[1], &error, sizeof error);
    _exit(127);
  }
  int error = pid < 0 ? errno : 0;
  sigprocmask(SIG_SETMASK, &before, 0);
  close(report[1]);
  if (pid > 0) {
    if (own_group) setpgid(pid, pid);  // Both sides do it, so that it is done whoever runs first.
    ssize_t got;
    do {
      got = read(report[0], &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    if (got == (ssize_t)sizeof error) {
      while (waitpid(pid, 0, 0) < 0 && errno == EINTR) {}
    } else {
      error = 0;
    }
  }
  close(report[0]);
  if (error == 0) return pid;
  errno = error;
  return -1;
}

/// Forks a guardian: a process that sleeps until `*lifeline` is closed, which happens when the caller dies, however it
/// dies, and then kills the process group that was written to the lifeline last. A group of 0 is none, a negative one ends it quietly.
/// Gives its pid, or -1 with errno set.
static inline pid_t clinux_guardian(int *lifeline) {
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
    // Every descriptor but the lifeline is somebody else's: an inherited pipe would never end.
    if (ends[0] != 3) dup2(ends[0], 3);
    for (int number = 0; number < 3; number++) close(number);
    close_range(4, ~0U, 0);
    pid_t group = 0, next;
    for (;;) {
      ssize_t got = read(3, &next, sizeof next);
      if (got == (ssize_t)sizeof next) {
        if (next < 0) _exit(0);
        group = next;
      } else if (got == 0) {
        if (group > 1) kill(-group, SIGKILL);
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
  *lifeline = ends[1];
  return pid;
}

/// Receives one datagram of a Unix socket that has SO_PASSCRED, with its sender's user. Descriptors that ride along
/// are closed by the kernel, because the control buffer has no room for them. -1 with errno set on an error.
static inline ssize_t clinux_receive(int socket, void *buffer, size_t size, uid_t *sender) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(3 * sizeof(int))];  // struct ucred: pid, uid, gid
  } control;
  struct iovec part = {buffer, size};
  struct msghdr message = {0};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  *sender = (uid_t)-1;
  if (got < 0) return got;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == 2 /* SCM_CREDENTIALS */
      && header->cmsg_len >= CMSG_LEN(3 * sizeof(int))) {
    int credentials[3];
    __builtin_memcpy(credentials, CMSG_DATA(header), sizeof credentials);
    *sender = (uid_t)credentials[1];
  }
  return got;
}

/// Makes this process the parent of every descendant whose own parent has ended (prctl(2), PR_SET_CHILD_SUBREAPER).
static inline int clinux_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

static inline int clinux_exited(int status) { return WIFEXITED(status); }
static inline int clinux_exit_status(int status) { return WEXITSTATUS(status); }
static inline int clinux_term_signal(int status) { return WTERMSIG(status); }

#endif
