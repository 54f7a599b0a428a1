/* Preloaded into one program: its clocks say what the file named by SCENARIO_CLOCK says, in nanoseconds: Unix time, which may be set, and how much
   of the scenario has passed. Days pass in seconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define BOOTED (1000000 * SECOND) /* before the scenario */

static _Atomic long long *scripted; /* Unix time now, and what has passed */
static long long first, began;      /* what had passed, and the kernel's monotonic time, at the start */

static long long kernel(clockid_t clock) {
  struct timespec now;
  syscall(SYS_clock_gettime, clock, &now);
  return now.tv_sec * SECOND + now.tv_nsec;
}

__attribute__((constructor)) static void open_clock(void) {
  int file = open(getenv("SCENARIO_CLOCK"), O_RDONLY | O_CLOEXEC);
  if (file < 0) _exit(121);
  void *place = mmap(NULL, 2 * sizeof *scripted, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (place == MAP_FAILED) _exit(122);
  scripted = place;
  first = scripted[1];
  began = kernel(CLOCK_MONOTONIC);
}

/* How far the scripted time has run ahead of the kernel's: what caches by age must notice, and waits must not. */
static long long ahead(void) {
  long long gone = scripted[1] - first;
  return gone > 0 ? gone : 0;
}

int clock_gettime(clockid_t clock, struct timespec *result) {
  if (!scripted || clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_PROCESS_CPUTIME_ID) return (int)syscall(SYS_clock_gettime, clock, result);
  int is_time_of_day = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  /* By the other one durations are counted, which are to be those of the script to the nanosecond, however long the recording takes. */
  long long now = is_time_of_day ? *scripted : clock == CLOCK_BOOTTIME ? BOOTED + ahead() : kernel(clock) + ahead();
  result->tv_sec = now / SECOND;
  result->tv_nsec = now % SECOND;
  return 0;
}

/* A deadline by the clock above, for the kernel. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline) {
  static int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  if (!wait) wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  long long then = deadline->tv_sec * SECOND + deadline->tv_nsec - ahead();
  /* Long past, where the scripted clock has leapt further than the machine is up: the kernel has no times below zero. */
  if (then < 0) then = 0;
  struct timespec moved = {then / SECOND, then % SECOND};
  return wait(condition, mutex, &moved);
}
