// Gives the terminal back when the program that holds it crashes. In C, for a handler of signals may run no Swift code.
#ifndef CLINUX_TERMINAL_H
#define CLINUX_TERMINAL_H

#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/// The longest text that is written to a terminal that is given back.
#define CLINUX_LONGEST_FAREWELL 64

/// What a crash gives back.
struct clinux_held_terminal {
  /// Whether there is something to give back.
  int is_armed;
  int has_settings;
  struct termios settings;
  char text[CLINUX_LONGEST_FAREWELL];
  size_t length;
  int is_installed;
};

/// The one that there is. Each object file that includes this has one of its own: a single Swift file may use it.
static inline struct clinux_held_terminal *clinux_the_terminal(void) {
  static struct clinux_held_terminal terminal;
  return &terminal;
}

/// The handler: async-signal-safe calls alone (signal-safety(7)). Then the signal does what it does by default. Swift's own
/// handler, which prints where a program crashed, cannot follow: it stops the other threads by a signal that is blocked here.
static inline void clinux_give_terminal_back(int number, siginfo_t *info, void *context) {
  (void)context;
  struct clinux_held_terminal *held = clinux_the_terminal();
  if (__atomic_exchange_n(&held->is_armed, 0, __ATOMIC_SEQ_CST)) {
    (void)!write(STDOUT_FILENO, held->text, held->length);
    if (held->has_settings) tcsetattr(STDIN_FILENO, TCSANOW, &held->settings);
  }
  signal(number, SIG_DFL);
  // A fault happens again where it happened; what somebody sent does not.
  if (info->si_code <= 0) raise(number);
}

/// From now on a crash writes `text` to standard output and gives standard input the settings, if there are any.
static inline void clinux_hold_terminal(const struct termios *settings, const char *text, size_t length) {
  struct clinux_held_terminal *held = clinux_the_terminal();
  __atomic_store_n(&held->is_armed, 0, __ATOMIC_SEQ_CST);
  if (length > CLINUX_LONGEST_FAREWELL) length = CLINUX_LONGEST_FAREWELL;
  memcpy(held->text, text, length);
  held->length = length;
  held->has_settings = settings != 0;
  if (settings) held->settings = *settings;
  if (!held->is_installed) {
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = clinux_give_terminal_back;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (size_t index = 0; index < sizeof crashes / sizeof *crashes; index++)
      sigaction(crashes[index], &action, 0);
    held->is_installed = 1;
  }
  __atomic_store_n(&held->is_armed, 1, __ATOMIC_SEQ_CST);
}

/// From now on a crash leaves the terminal alone.
static inline void clinux_let_go_of_terminal(void) {
  __atomic_store_n(&clinux_the_terminal()->is_armed, 0, __ATOMIC_SEQ_CST);
}

#endif
