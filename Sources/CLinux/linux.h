// What Linux has beyond POSIX and Swift's Glibc module leaves out: either its header is not in that module,
// or glibc declares it only under _GNU_SOURCE.
#ifndef CLINUX_H
#define CLINUX_H

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/types.h>

extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);
extern ssize_t getdents64(int directory, void *buffer, size_t length);
extern pid_t gettid(void);
extern void *memmem(const void *whole, size_t whole_length, const void *part, size_t part_length);
extern int pipe2(int descriptors[2], int flags);
extern int prlimit(pid_t pid, unsigned int resource, const struct rlimit *new_limit, struct rlimit *old_limit);

/// Has the processor fetch the memory at an address while it goes on; any address will do.
static inline void prefetch(const void *address) { __builtin_prefetch(address); }

#endif
