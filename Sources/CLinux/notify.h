// Datagrams of Unix sockets with what rides along (unix(7)): the sender's credentials, and open files. In C, for the macros of
// cmsg(3) are not seen by Swift.
#ifndef CLINUX_NOTIFY_H
#define CLINUX_NOTIFY_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/// The most open files of one datagram: the kernel's SCM_MAX_FD.
#define CLINUX_MOST_DESCRIPTORS 253

/// A datagram's sender and what came with it.
struct clinux_parcel {
  /// 0 and -1 when they are not told.
  pid_t pid;
  uid_t user;
  /// Whether the text, or the list of files, was longer than its room.
  int is_cut;
  int count;
  int descriptors[CLINUX_MOST_DESCRIPTORS];
};

/// Receives one datagram of a socket that has SO_PASSCRED, without waiting. -1 with errno set on an error. Whoever calls owns the
/// descriptors.
static inline ssize_t clinux_receive(int socket, void *buffer, size_t size, struct clinux_parcel *parcel) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(3 * sizeof(int)) + CMSG_SPACE(CLINUX_MOST_DESCRIPTORS * sizeof(int))];
  } control;
  struct iovec part = {buffer, size};
  struct msghdr message = {0};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  parcel->pid = 0;
  parcel->user = (uid_t)-1;
  parcel->count = 0;
  parcel->is_cut = 0;
  ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return got;
  parcel->is_cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == 2 /* SCM_CREDENTIALS: pid, uid, gid */ && header->cmsg_len >= CMSG_LEN(3 * sizeof(int))) {
      int credentials[3];
      memcpy(credentials, CMSG_DATA(header), sizeof credentials);
      parcel->pid = credentials[0];
      parcel->user = (uid_t)credentials[1];
    } else if (header->cmsg_type == SCM_RIGHTS) {
      size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t index = 0; index < count; index++) {
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof descriptor);
        if (parcel->count < CLINUX_MOST_DESCRIPTORS)
          parcel->descriptors[parcel->count++] = descriptor;
        else
          close(descriptor);
      }
    }
  }
  return got;
}

/// The descriptor at a place of a parcel.
static inline int clinux_parcel_descriptor(const struct clinux_parcel *parcel, int index) {
  return index >= 0 && index < parcel->count ? parcel->descriptors[index] : -1;
}

/// Sends one datagram with open files to an address, without waiting. -1 with errno set on an error.
static inline ssize_t clinux_send(
    int socket, const void *bytes, size_t size, const void *address, socklen_t length, const int *descriptors, int count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(CLINUX_MOST_DESCRIPTORS * sizeof(int))];
  } control;
  struct iovec part = {(void *)bytes, size};
  struct msghdr message = {0};
  message.msg_name = (void *)address;
  message.msg_namelen = length;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count > CLINUX_MOST_DESCRIPTORS) count = CLINUX_MOST_DESCRIPTORS;
  if (count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, (size_t)count * sizeof(int));
  }
  return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

#endif
