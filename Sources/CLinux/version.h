// The revision that this build was made from: `swift build -Xcc -DHEARTBEAT_REVISION=\"$(git rev-parse HEAD)\"`.
#ifndef CLINUX_VERSION_H
#define CLINUX_VERSION_H

#ifndef HEARTBEAT_REVISION
#define HEARTBEAT_REVISION "unknown"
#endif

static inline const char *heartbeat_revision(void) {
  return HEARTBEAT_REVISION;
}

#endif
