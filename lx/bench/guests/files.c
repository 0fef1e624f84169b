/* Descriptors and paths. Files are made in the working directory, which is the run's own. */
#include "bench.h"
#include <dirent.h>

#define SIZE_OF_FILE (1 << 20)
static long size;
static int fd, pipe_ends[2];
static char path[4096];

static void open_file(long parameter)
{
    size = parameter ? parameter : 1;
    MUST(fd = open("bench.data", O_RDWR | O_CREAT, 0600));
    for (int i = 0; i < SIZE_OF_FILE; i += sizeof buffer)
        EQUAL(pwrite(fd, buffer, sizeof buffer, i), sizeof buffer);
}

static void open_zero(long parameter)
{
    size = parameter;
    MUST(fd = open("/dev/zero", O_RDWR));
}

static void open_null(long parameter)
{
    size = parameter;
    MUST(fd = open("/dev/null", O_RDWR));
}

static void open_pipe(long parameter)
{
    size = parameter;
    ZERO(pipe(pipe_ends));
}

/* One byte: a file read to its end answers 0, so the loop starts again where it ends. */
static void read_file(long n)
{
    LOOP {
        long r = read(fd, buffer, size);
        if (__builtin_expect(r != size, 0)) {
            if (r != 0)
                fail("read", r);
            ZERO(lseek(fd, 0, SEEK_SET));
            n++;
        }
    }
}

static void write_file(long n)
{
    long written = 0;
    ZERO(lseek(fd, 0, SEEK_SET));
    LOOP {
        EQUAL(write(fd, buffer, size), size);
        if (__builtin_expect((written += size) >= SIZE_OF_FILE, 0)) {
            ZERO(lseek(fd, 0, SEEK_SET));
            written = 0;
        }
    }
}

static void read_device(long n) { LOOP EQUAL(read(fd, buffer, size), size); }
static void write_device(long n) { LOOP EQUAL(write(fd, buffer, size), size); }

static void pipe_write_read(long n)
{
    LOOP {
        EQUAL(write(pipe_ends[1], buffer, size), size);
        EQUAL(read(pipe_ends[0], buffer, size), size);
    }
}

static void pread_file(long n) { LOOP EQUAL(pread(fd, buffer, size, 4096), size); }
static void pwrite_file(long n) { LOOP EQUAL(pwrite(fd, buffer, size, 4096), size); }
static void lseek_file(long n) { LOOP EQUAL(lseek(fd, 4096, SEEK_SET), 4096); }

static void fstat_file(long n)
{
    struct stat st;
    LOOP ZERO(fstat(fd, &st));
}

/* N further descriptors are open, and the one that is used has the highest number. */
static void open_many(long parameter)
{
    open_file(1);
    for (long i = 0; i < parameter; i++)
        MUST(dup(fd));
}

static void dup_close(long n)
{
    LOOP {
        int copy;
        MUST(copy = dup(fd));
        ZERO(close(copy));
    }
}

/* The file lies N directories deep. */
static void deep_path(long parameter)
{
    strcpy(path, ".");
    for (long i = 0; i < parameter; i++) {
        strcat(path, "/d");
        CHECK(mkdir(path, 0700), r == 0 || errno == EEXIST);
    }
    strcat(path, "/file");
    MUST(fd = open(path, O_RDWR | O_CREAT, 0600));
    ZERO(close(fd));
}

static void open_close(long n)
{
    LOOP {
        MUST(fd = open(path, O_RDONLY));
        ZERO(close(fd));
    }
}

static void stat_path(long n)
{
    struct stat st;
    LOOP ZERO(stat(path, &st));
}

static void stat_missing(long n)
{
    struct stat st;
    LOOP EQUAL(stat("no-such-file", &st), -1);
}

static void access_path(long n) { LOOP ZERO(access(path, R_OK)); }

/* A directory of N names. */
static void directory(long parameter)
{
    ZERO(mkdir("many", 0700));
    for (long i = 0; i < parameter; i++) {
        sprintf(path, "many/name-%06ld", i);
        MUST(fd = open(path, O_RDWR | O_CREAT, 0600));
        ZERO(close(fd));
    }
    size = parameter + 2;
    MUST(fd = open("many", O_RDONLY | O_DIRECTORY));
}

static void getdents(long n)
{
    LOOP {
        long names = 0, r;
        ZERO(lseek(fd, 0, SEEK_SET));
        while ((r = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0)
            for (long at = 0; at < r; names++)
                at += ((struct dirent64 *)(buffer + at))->d_reclen;
        if (r < 0 || names != size)
            fail("getdents64", r < 0 ? r : names);
    }
}

const struct op FILES[] = {
    {"read_file", open_file, read_file},
    {"write_file", open_file, write_file},
    {"read_zero", open_zero, read_device},
    {"write_null", open_null, write_device},
    {"pipe_write_read", open_pipe, pipe_write_read},
    {"pread", open_file, pread_file},
    {"pwrite", open_file, pwrite_file},
    {"lseek", open_file, lseek_file},
    {"fstat", open_file, fstat_file},
    {"dup_close", open_many, dup_close},
    {"open_close", deep_path, open_close},
    {"stat", deep_path, stat_path},
    {"stat_missing", deep_path, stat_missing},
    {"access", deep_path, access_path},
    {"getdents", directory, getdents},
    {"open_in_directory", directory, open_close},
    {0, 0, 0},
};
