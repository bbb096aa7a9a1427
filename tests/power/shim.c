/* Stands between a program and the C library (LD_PRELOAD) and writes down what the program does to the files of one directory.
 *
 * POWER_DIRECTORY  the directory, without a slash at its end
 * POWER_LOG        where the records go; not in that directory
 *
 * One lock is held over each call and its record, so that the order of the records is the order of the calls. The path of a file comes
 * from /proc/self/fd, so that it does not matter how the program came by its descriptor. A record is eight numbers of 64 bits in the
 * order of this machine, then the path, the second path and the data:
 *
 *   magic, kind, offset or length, length of the path, length of the second path, length of the data, process, number of the record
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, MAP, OTHER };

#define MAGIC 0x504f574552435554ULL

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t records;
static int log_fd = -1;
static const char *directory;
static size_t directory_length;

static void die(const char *why) {
    fprintf(stderr, "shim: %s: %s\n", why, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("POWER_LOG");
    directory = getenv("POWER_DIRECTORY");
    if (!log || !directory) die("POWER_LOG and POWER_DIRECTORY name a file and a directory");
    directory_length = strlen(directory);
    /* High, so that no descriptor of the program is mistaken for it. */
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) die(log);
    log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
    if (log_fd < 0) die(log);
    syscall(SYS_close, fd);
}

/* Whether the path is the directory or below it. */
static int is_ours(const char *path) {
    return directory && strncmp(path, directory, directory_length) == 0 &&
           (path[directory_length] == 0 || path[directory_length] == '/');
}

/* The path behind a descriptor, if it is ours. */
static int path_of(int fd, char *path) {
    char link[64];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

/* The whole path of a file that is there or is to be. */
static int path_at(int at, const char *name, char *path) {
    char base[PATH_MAX];
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
    } else {
        if (at == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
            if (length < 0) return 0;
            base[length] = 0;
        }
        if (snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX) return 0;
    }
    return is_ours(path);
}

static void put(const void *data, size_t length) {
    const char *from = data;
    while (length > 0) {
        ssize_t done = syscall(SYS_write, log_fd, from, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) die("the log");
        from += done;
        length -= (size_t)done;
    }
}

/* With the lock held. errno is the program's. */
static void record(enum kind kind, uint64_t number, const char *path, const char *second, const void *data, size_t length) {
    int saved = errno;
    uint64_t head[8] = {MAGIC, kind, number, strlen(path), strlen(second), length, (uint64_t)getpid(), records++};
    put(head, sizeof head);
    put(path, strlen(path));
    put(second, strlen(second));
    put(data, length);
    errno = saved;
}

/* Opening: a file that was not there is created, and O_TRUNC empties one. */
static int opened(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || !path_at(at, name, path))
        return (int)syscall(SYS_openat, at, name, flags | O_LARGEFILE, mode);
    pthread_mutex_lock(&lock);
    int is_new = faccessat(at, name, F_OK, 0) != 0;
    int fd = (int)syscall(SYS_openat, at, name, flags | O_LARGEFILE, mode);
    if (fd >= 0 && is_new) record(CREATE, 0, path, "", "", 0);
    else if (fd >= 0 && (flags & O_TRUNC)) record(TRUNCATE, 0, path, "", "", 0);
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_of(int flags, va_list rest) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? (mode_t)va_arg(rest, int) : 0;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = mode_of(flags, rest); \
        va_end(rest); \
        return opened(AT_FDCWD, path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = mode_of(flags, rest); \
        va_end(rest); \
        return opened(at, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* Where a write without an offset goes. */
static off_t place(int fd) {
    if (fcntl(fd, F_GETFL) & O_APPEND) {
        struct stat about;
        return fstat(fd, &about) == 0 ? about.st_size : 0;
    }
    return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t length) {
    char path[PATH_MAX];
    if (fd == log_fd || !path_of(fd, path)) return syscall(SYS_write, fd, data, length);
    pthread_mutex_lock(&lock);
    off_t at = place(fd);
    ssize_t done = syscall(SYS_write, fd, data, length);
    if (done > 0) record(WRITE, (uint64_t)at, path, "", data, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

static ssize_t written_at(int fd, const void *data, size_t length, off_t at) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return syscall(SYS_pwrite64, fd, data, length, at);
    pthread_mutex_lock(&lock);
    ssize_t done = syscall(SYS_pwrite64, fd, data, length, at);
    if (done > 0) record(WRITE, (uint64_t)at, path, "", data, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return written_at(fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return written_at(fd, data, length, at); }

/* Piece by piece: a short write is allowed, so the first piece alone is an answer. */
ssize_t writev(int fd, const struct iovec *pieces, int count) {
    char path[PATH_MAX];
    if (fd == log_fd || !path_of(fd, path)) return syscall(SYS_writev, fd, pieces, count);
    for (int i = 0; i < count; i++)
        if (pieces[i].iov_len > 0) return write(fd, pieces[i].iov_base, pieces[i].iov_len);
    return 0;
}
static ssize_t pieces_at(int fd, const struct iovec *pieces, int count, off_t at) {
    for (int i = 0; i < count; i++)
        if (pieces[i].iov_len > 0) return written_at(fd, pieces[i].iov_base, pieces[i].iov_len, at);
    return 0;
}
ssize_t pwritev(int fd, const struct iovec *p, int count, off_t at) { return pieces_at(fd, p, count, at); }
ssize_t pwritev64(int fd, const struct iovec *p, int count, off64_t at) { return pieces_at(fd, p, count, at); }

static int truncated(int fd, off_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_ftruncate, fd, length);
    if (done == 0) record(TRUNCATE, (uint64_t)length, path, "", "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

static int synced(int fd, long call) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(call, fd);
    if (done == 0) record(SYNC, 0, path, "", "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int unlinked(int at, const char *name, int flags) {
    char path[PATH_MAX];
    if (!path_at(at, name, path)) return (int)syscall(SYS_unlinkat, at, name, flags);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_unlinkat, at, name, flags);
    if (done == 0) record(UNLINK, 0, path, "", "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int unlink(const char *path) { return unlinked(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return unlinked(at, path, flags); }

static int renamed(int old_at, const char *old, int new_at, const char *new, unsigned flags) {
    char from[PATH_MAX], to[PATH_MAX];
    int leaves = path_at(old_at, old, from), comes = path_at(new_at, new, to);
    if (!leaves && !comes) return (int)syscall(SYS_renameat2, old_at, old, new_at, new, flags);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_renameat2, old_at, old, new_at, new, flags);
    /* What comes from outside, goes there or changes places is more than the reconstruction knows. */
    if (done == 0) record(leaves && comes && flags == 0 ? RENAME : OTHER, 0, from, to, "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int rename(const char *old, const char *new) { return renamed(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int a, const char *old, int b, const char *new) { return renamed(a, old, b, new, 0); }
int renameat2(int a, const char *old, int b, const char *new, unsigned f) { return renamed(a, old, b, new, f); }

/* Writes through a mapping pass by this shim, so each such mapping is on record, and the test says which it allows. */
static void *mapped(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    char path[PATH_MAX];
    void *done = (void *)syscall(SYS_mmap, at, length, protection, flags, fd, offset);
    int is_written = (protection & PROT_WRITE) && (flags & MAP_SHARED);
    if (done != MAP_FAILED && fd >= 0 && is_written && path_of(fd, path)) {
        pthread_mutex_lock(&lock);
        record(MAP, 0, path, "", "", 0);
        pthread_mutex_unlock(&lock);
    }
    return done;
}
void *mmap(void *at, size_t l, int p, int f, int fd, off_t o) { return mapped(at, l, p, f, fd, o); }
void *mmap64(void *at, size_t l, int p, int f, int fd, off64_t o) { return mapped(at, l, p, f, fd, o); }

/* What the reconstruction does not know is refused as a system that does not have it would, so that the program takes another way. */
static int refused(int fd, int why) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return 0;
    errno = why;
    return 1;
}
int fallocate(int fd, int mode, off_t at, off_t length) {
    return refused(fd, EOPNOTSUPP) ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, length);
}
int fallocate64(int fd, int mode, off64_t at, off64_t length) {
    return refused(fd, EOPNOTSUPP) ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, length);
}
int posix_fallocate(int fd, off_t at, off_t length) {
    return refused(fd, EOPNOTSUPP) ? EOPNOTSUPP : syscall(SYS_fallocate, fd, 0, at, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t at, off64_t length) {
    return refused(fd, EOPNOTSUPP) ? EOPNOTSUPP : syscall(SYS_fallocate, fd, 0, at, length) == 0 ? 0 : errno;
}
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t length, unsigned flags) {
    return refused(to, EXDEV) ? -1 : syscall(SYS_copy_file_range, from, a, to, b, length, flags);
}
ssize_t sendfile(int to, int from, off_t *at, size_t length) {
    return refused(to, EINVAL) ? -1 : syscall(SYS_sendfile, to, from, at, length);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
    return refused(to, EINVAL) ? -1 : syscall(SYS_sendfile, to, from, at, length);
}
int link(const char *old, const char *new) {
    char path[PATH_MAX];
    if (!path_at(AT_FDCWD, new, path)) return (int)syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0);
    errno = EPERM;
    return -1;
}
