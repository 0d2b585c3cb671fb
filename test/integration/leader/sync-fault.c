/*
 * Loaded into a node under test (LD_PRELOAD): writes to files `…/log/NAME.log`, which the node has opened with O_DSYNC, are synced as the file
 * `sync-fault` beside the folder `log` says:
 *
 *   fail           not: EIO; the time of the first one, in nanoseconds of the monotonic clock, goes to the file `sync-failed`
 *   delay MS       so many milliseconds later
 *   lie            not, though all is said to be well
 *
 * With `fail` and `lie` what is written stays in the system's memory, as with a disk that fails.
 *
 * Without that file, or with any other content, they are what they always are.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef ssize_t write_function(int, const void *, size_t);
typedef ssize_t writev_function(int, const struct iovec *, int);

/* The node's data directory, if the file is one of its log. */
static int find_data(int file, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 32);
    if (length < 0) return 0;
    path[length] = 0;
    char *name = strrchr(path, '/');
    if (name == NULL || strstr(name, ".log") == NULL) return 0;
    *name = 0;
    char *folder = strrchr(path, '/');
    if (folder == NULL || strcmp(folder, "/log") != 0) return 0;
    *folder = 0;
    return 1;
}

static void read_order(const char *data, char *order, size_t size)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/sync-fault", data);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, order, size - 1);
    order[length < 0 ? 0 : length] = 0;
    if (file >= 0) close(file);
}

static void note_failure(const char *data)
{
    char path[PATH_MAX + 32], text[32];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(path, sizeof path, "%s/sync-failed", data);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return;
    int length = snprintf(text, sizeof text, "%lld", now.tv_sec * 1000000000LL + now.tv_nsec);
    if (write(file, text, (size_t)length) < 0) abort();
    close(file);
}

/* Writes behind the end of a file as its system would without O_DSYNC. */
static ssize_t write_unsynced(int file, const struct iovec *parts, int count)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int again = open(link, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (again < 0) abort();
    writev_function *real = (writev_function *)dlsym(RTLD_NEXT, "writev");
    ssize_t written = real(again, parts, count);
    close(again);
    return written;
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    writev_function *real = (writev_function *)dlsym(RTLD_NEXT, "writev");
    char data[PATH_MAX], order[32];
    if (!(fcntl(file, F_GETFL) & O_DSYNC) || !find_data(file, data)) return real(file, parts, count);
    read_order(data, order, sizeof order);
    if (strncmp(order, "fail", 4) == 0) {
        write_unsynced(file, parts, count);
        note_failure(data);
        errno = EIO;
        return -1;
    }
    if (strncmp(order, "lie", 3) == 0) return write_unsynced(file, parts, count);
    if (strncmp(order, "delay ", 6) == 0) usleep((useconds_t)atoi(order + 6) * 1000);
    return real(file, parts, count);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    if (fcntl(file, F_GETFL) & O_DSYNC) {
        struct iovec part = { (void *)bytes, count };
        return writev(file, &part, 1);
    }
    return ((write_function *)dlsym(RTLD_NEXT, "write"))(file, bytes, count);
}
