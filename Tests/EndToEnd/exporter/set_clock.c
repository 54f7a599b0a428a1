/* Preloaded into one program: its CLOCK_REALTIME goes wrong by as many seconds as the file named by SET_CLOCK says. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *result) {
  int status = (int)syscall(SYS_clock_gettime, clock, result);
  if (status != 0 || clock != CLOCK_REALTIME) return status;
  char text[32] = {0};
  int file = open(getenv("SET_CLOCK"), O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    if (read(file, text, sizeof text - 1) > 0) result->tv_sec += atol(text);
    close(file);
  }
  return 0;
}
