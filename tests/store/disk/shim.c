/* A disk that can be watched and broken, between a process and its C library (LD_PRELOAD).
 *
 * Nothing happens until `disk_arm` is called. From then on each call that changes a file whose path starts with the
 * given prefix, or syncs such a file or the folder it lies in, is one *step*. At a chosen step the process ends, ends
 * half-way through a write, or the call fails; or all steps are written down, so that a crash can be played later.
 *
 * A file named PREFIX.acks is no part of the disk: what is written to it goes to the log as a mark, in its place.
 *
 * A line of the log: kind (1 byte), file (1), offset (8), length (4), then as many bytes. Kinds: o create, w write,
 * t truncate, s sync, d sync of the folder, u unlink, r rename (offset: number of the new name), n name of a file, a mark.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FDS 1024
#define NAMES 64
enum { NOTHING = 0, END = 1, END_HALF = 2, FAIL = 3 };

static char prefix[4096], folder[4096];
static char names[NAMES][512];
static int named, armed, log_fd = -1;
static int kind_at, fault_errno, only_kind;
static long first_step, last_step, steps;
static int file_of[FDS]; /* 0: not ours; -1: the folder; -2: marks; else number of the name, from 1 */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static ssize_t raw_write(int fd, const void *data, size_t size) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  return real(fd, data, size);
}

static void note(char kind, int file, uint64_t offset, const void *data, uint32_t size) {
  if (log_fd < 0) return;
  unsigned char head[14];
  head[0] = (unsigned char)kind;
  head[1] = (unsigned char)file;
  memcpy(head + 2, &offset, 8);
  memcpy(head + 10, &size, 4);
  if (raw_write(log_fd, head, 14) != 14) _exit(98);
  if (size && data && raw_write(log_fd, data, size) != (ssize_t)size) _exit(98);
}

void disk_arm(const char *path, int log, int what, long from, long to, int error, int only) {
  strncpy(prefix, path, sizeof prefix - 1);
  strncpy(folder, path, sizeof folder - 1);
  char *slash = strrchr(folder, '/');
  if (slash) *slash = 0;
  log_fd = log;
  kind_at = what;
  first_step = from;
  last_step = to;
  fault_errno = error;
  only_kind = only;
  steps = 0;
  armed = 1;
}

void disk_mend(void) { kind_at = NOTHING; }
long disk_steps(void) { return steps; }

static int number_of(const char *path) {
  if (!armed || strncmp(path, prefix, strlen(prefix))) return 0;
  const char *rest = path + strlen(folder) + 1;
  size_t length = strlen(path);
  if (length > 5 && !strcmp(path + length - 5, ".acks")) return -2;
  if (length > 4 && !strcmp(path + length - 4, "-shm")) return 0; /* memory, made anew after a crash */
  for (int i = 0; i < named; i++)
    if (!strcmp(names[i], rest)) return i + 1;
  if (named == NAMES) _exit(97);
  strncpy(names[named], rest, sizeof names[named] - 1);
  named++;
  note('n', named, 0, rest, strlen(rest));
  return named;
}

/* Counts a step; says whether the call must fail. Ends the process when its time has come. */
static int step(char kind) {
  steps++;
  if (kind_at == NOTHING || steps < first_step || steps > last_step) return 0;
  if (only_kind && only_kind != kind) return 0;
  if (kind_at == END) _exit(99);
  return kind_at == FAIL;
}

static int opened(int fd, const char *path, int flags, int was_there) {
  if (fd < 0 || fd >= FDS || !armed) return fd;
  file_of[fd] = number_of(path);
  if (!file_of[fd] && !strcmp(path, folder)) file_of[fd] = -1;
  if (file_of[fd] > 0 && (flags & O_CREAT) && !was_there) note('o', file_of[fd], 0, NULL, 0);
  if (file_of[fd] > 0 && (flags & O_TRUNC) && was_there) note('t', file_of[fd], 0, NULL, 0);
  return fd;
}

static int there(const char *path) {
  struct stat found;
  return stat(path, &found) == 0;
}

#define OPEN(NAME)                                                             \
  int NAME(const char *path, int flags, ...) {                                 \
    mode_t mode = 0;                                                           \
    if (flags & (O_CREAT | O_TMPFILE)) {                                       \
      va_list rest;                                                            \
      va_start(rest, flags);                                                   \
      mode = va_arg(rest, mode_t);                                             \
      va_end(rest);                                                            \
    }                                                                          \
    int was = 1, ours = armed && number_of(path) > 0;                          \
    if (ours && (flags & O_CREAT)) {                                           \
      was = there(path);                                                       \
      if (!was && step('o')) {                                                 \
        errno = fault_errno;                                                   \
        return -1;                                                             \
      }                                                                        \
    }                                                                          \
    return opened(REAL(NAME)(path, flags, mode), path, flags, was);            \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  if (fd >= 0 && fd < FDS) file_of[fd] = 0;
  return REAL(close)(fd);
}

static int file(int fd) { return fd >= 0 && fd < FDS ? file_of[fd] : 0; }

static size_t half(size_t size) { return size > 512 ? size / 2 / 512 * 512 : size / 2; }

#define PWRITE(NAME, OFF)                                                      \
  ssize_t NAME(int fd, const void *data, size_t size, OFF offset) {            \
    if (file(fd) > 0) {                                                        \
      if (kind_at == END_HALF && steps + 1 == first_step) {                    \
        REAL(NAME)(fd, data, half(size), offset);                              \
        _exit(99);                                                             \
      }                                                                        \
      if (step('w')) {                                                         \
        errno = fault_errno;                                                   \
        return -1;                                                             \
      }                                                                        \
      note('w', file(fd), (uint64_t)offset, data, size);                       \
    }                                                                          \
    return REAL(NAME)(fd, data, size, offset);                                 \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size) {
  if (file(fd) == -2) note('a', 0, 0, data, size);
  if (file(fd) > 0) {
    if (kind_at == END_HALF && steps + 1 == first_step) {
      raw_write(fd, data, half(size));
      _exit(99);
    }
    if (step('w')) {
      errno = fault_errno;
      return -1;
    }
    note('w', file(fd), (uint64_t)lseek(fd, 0, SEEK_CUR), data, size);
  }
  return raw_write(fd, data, size);
}

#define SYNC(NAME)                                                             \
  int NAME(int fd) {                                                           \
    if (file(fd) && file(fd) != -2) {                                          \
      if (step('s')) {                                                         \
        errno = fault_errno;                                                   \
        return -1;                                                             \
      }                                                                        \
      note(file(fd) > 0 ? 's' : 'd', file(fd) > 0 ? file(fd) : 0, 0, NULL, 0); \
    }                                                                          \
    return REAL(NAME)(fd);                                                     \
  }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(NAME, OFF)                                                    \
  int NAME(int fd, OFF size) {                                                 \
    if (file(fd) > 0) {                                                        \
      if (step('t')) {                                                         \
        errno = fault_errno;                                                   \
        return -1;                                                             \
      }                                                                        \
      note('t', file(fd), (uint64_t)size, NULL, 0);                            \
    }                                                                          \
    return REAL(NAME)(fd, size);                                               \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path) {
  int number = number_of(path);
  if (number > 0 && there(path)) {
    if (step('u')) {
      errno = fault_errno;
      return -1;
    }
    note('u', number, 0, NULL, 0);
  }
  return REAL(unlink)(path);
}

int rename(const char *from, const char *to) {
  int number = number_of(from), target = number_of(to);
  if (number > 0 || target > 0) {
    if (step('r')) {
      errno = fault_errno;
      return -1;
    }
    note('r', number, (uint64_t)target, NULL, 0);
  }
  return REAL(rename)(from, to);
}
