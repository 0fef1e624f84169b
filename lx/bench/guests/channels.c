/* Round trips between two processes, and waiting for one of many descriptors. */
#include "bench.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>

static int to, from;

/* A child answers every byte until its input ends; it has not got `mine`, which is our side. */
static void echo(int in, int out, int mine)
{
    char byte;
    long pid = fork();
    MUST(pid);
    if (pid == 0) {
        close(mine);
        while (read(in, &byte, 1) == 1)
            if (write(out, &byte, 1) != 1)
                break;
        _exit(0);
    }
    close(in);
    if (out != in)
        close(out);
}

static void pipes(long parameter)
{
    int there[2], back[2];
    (void)parameter;
    ZERO(pipe(there));
    ZERO(pipe(back));
    to = there[1], from = back[0];
    echo(there[0], back[1], to);
}

static void pair(long parameter)
{
    int ends[2];
    (void)parameter;
    ZERO(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    to = from = ends[0];
    echo(ends[1], ends[1], to);
}

static void served(int listener, const struct sockaddr *address, socklen_t length)
{
    MUST(to = from = socket(address->sa_family, SOCK_STREAM, 0));
    ZERO(connect(to, address, length));
    int end;
    MUST(end = accept(listener, 0, 0));
    if (address->sa_family == AF_INET) {
        int one = 1;
        ZERO(setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
        ZERO(setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    }
    echo(end, end, to);
    close(listener);
}

static void unix_stream(long parameter)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "bench.socket"};
    int listener;
    (void)parameter;
    unlink(address.sun_path);
    MUST(listener = socket(AF_UNIX, SOCK_STREAM, 0));
    ZERO(bind(listener, (struct sockaddr *)&address, sizeof address));
    ZERO(listen(listener, 1));
    served(listener, (struct sockaddr *)&address, sizeof address);
}

static void tcp(long parameter)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener;
    (void)parameter;
    MUST(listener = socket(AF_INET, SOCK_STREAM, 0));
    ZERO(bind(listener, (struct sockaddr *)&address, sizeof address));
    ZERO(listen(listener, 1));
    ZERO(getsockname(listener, (struct sockaddr *)&address, &length));
    served(listener, (struct sockaddr *)&address, length);
}

static void round_trip(long n)
{
    char byte = 1;
    LOOP {
        EQUAL(write(to, &byte, 1), 1);
        EQUAL(read(from, &byte, 1), 1);
    }
}

static void socketpair_close(long n)
{
    LOOP {
        int ends[2];
        ZERO(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
        ZERO(close(ends[0]));
        ZERO(close(ends[1]));
    }
}

/* Waiting over N pipes, of which one has something to read: the last one. */
static long many;
static struct pollfd *polled;
static int epoll, highest;
static fd_set wanted;

static void watch(long parameter)
{
    struct rlimit limit;
    many = parameter;
    ZERO(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    ZERO(setrlimit(RLIMIT_NOFILE, &limit));
    polled = calloc(many, sizeof *polled);
    FD_ZERO(&wanted);
    int ends[2];
    ZERO(pipe(ends));
    for (long i = 0; i < many; i++) {
        MUST(polled[i].fd = dup(ends[0]));
        polled[i].events = POLLIN;
    }
    int last[2];
    ZERO(pipe(last));
    ZERO(dup2(last[0], polled[many - 1].fd) - polled[many - 1].fd);
    EQUAL(write(last[1], "x", 1), 1);
    for (long i = 0; i < many; i++)
        if (polled[i].fd < FD_SETSIZE) {
            FD_SET(polled[i].fd, &wanted);
            highest = polled[i].fd + 1;
        }
}

static void select_(long n)
{
    LOOP {
        fd_set set = wanted;
        struct timeval at_once = {0, 0};
        EQUAL(select(highest, &set, 0, 0, &at_once), 1);
    }
}

static void poll_(long n) { LOOP EQUAL(poll(polled, many, 0), 1); }

static void watch_epoll(long parameter)
{
    watch(parameter);
    MUST(epoll = epoll_create1(0));
    for (long i = 0; i < many; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        ZERO(epoll_ctl(epoll, EPOLL_CTL_ADD, polled[i].fd, &event));
    }
}

static void epoll_(long n)
{
    struct epoll_event event;
    LOOP {
        EQUAL(epoll_wait(epoll, &event, 1, 0), 1);
        EQUAL(event.data.u64, many - 1);
    }
}

const struct op CHANNELS[] = {
    {"pipe_ping_pong", pipes, round_trip},
    {"socketpair_round_trip", pair, round_trip},
    {"unix_round_trip", unix_stream, round_trip},
    {"tcp_round_trip", tcp, round_trip},
    {"socketpair_close", none, socketpair_close},
    {"select", watch, select_},
    {"poll", watch, poll_},
    {"epoll", watch_epoll, epoll_},
    {0, 0, 0},
};
