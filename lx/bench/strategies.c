/* Ways to catch a system call of a Unicorn guest, compared, each without anything else around it. Built at run time into a shared
   library and called from breakdown.py. Unicorn's functions come as addresses from the library that the unicorn package ships.

   Every function runs `n` calls of a guest that makes calls for ever, and returns the nanoseconds of one. */
#include <Python.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef void uc_engine;
struct unicorn {
    int (*open)(int, int, uc_engine **);
    int (*close)(uc_engine *);
    int (*ctl)(uc_engine *, unsigned, ...);
    int (*map_ptr)(uc_engine *, uint64_t, size_t, uint32_t, void *);
    int (*hook)(uc_engine *, size_t *, int, void *, void *, uint64_t, uint64_t, ...);
    int (*start)(uc_engine *, uint64_t, uint64_t, uint64_t, size_t);
    int (*stop)(uc_engine *);
    int (*read_batch)(uc_engine *, int *, void **, int);
    int (*write_batch)(uc_engine *, int *, void **, int);
    int (*reg_read)(uc_engine *, int, void *);
};

#define WORDS 9
#define RETURNS 3
struct task {
    struct unicorn uc;
    int arch, mode, instruction, ids[WORDS], return_ids[RETURNS];
    uint64_t code_address, code_size;
    void *code;
    PyObject *handler;
};

struct state {
    const struct task *task;
    uc_engine *engine;
    long left;
    uint64_t words[WORDS];
    void *pointers[WORDS];
    void *return_pointers[RETURNS];
};

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static int open_engine(struct state *s, const struct task *task, void *hook, void *data)
{
    size_t handle;
    s->task = task;
    for (int i = 0; i < WORDS; i++)
        s->pointers[i] = &s->words[i];
    s->return_pointers[0] = &s->words[0];
    s->return_pointers[1] = &s->words[7];
    s->return_pointers[2] = &s->words[8];
    if (task->uc.open(task->arch, task->mode, &s->engine))
        return -1;
    task->uc.ctl(s->engine, (4u | 1u << 26 | 1u << 30), 1); /* UC_CTL_UC_USE_EXITS: no exit address to look up */
    task->uc.map_ptr(s->engine, task->code_address, task->code_size, 7, task->code);
    return task->uc.hook(s->engine, &handle, 2, hook, data, (uint64_t)1, (uint64_t)0, task->instruction);
}

static void read_words(struct state *s) { s->task->uc.read_batch(s->engine, s->task->ids, s->pointers, WORDS); }
static void write_words(struct state *s)
{
    s->task->uc.write_batch(s->engine, (int *)s->task->return_ids, s->return_pointers, RETURNS);
}

static void count_down(struct state *s)
{
    if (--s->left == 0)
        s->task->uc.stop(s->engine);
}

static void hook_empty(uc_engine *uc, void *data) { (void)uc; count_down(data); }

static void hook_batch(uc_engine *uc, void *data)
{
    struct state *s = data;
    (void)uc;
    read_words(s);
    s->words[0] = 42;
    s->words[7] += 2;
    write_words(s);
    count_down(s);
}

static long call_python(struct state *s)
{
    PyObject *arguments[7] = {Py_None}, *result;
    for (int i = 1; i < 7; i++)
        arguments[i] = PyLong_FromUnsignedLongLong(s->words[i]);
    result = PyObject_Vectorcall(s->task->handler, arguments, 7, NULL);
    for (int i = 1; i < 7; i++)
        Py_DECREF(arguments[i]);
    if (!result) {
        PyErr_Clear();
        return -38;
    }
    long value = PyLong_AsLong(result);
    Py_DECREF(result);
    return value;
}

static void hook_python(uc_engine *uc, void *data)
{
    struct state *s = data;
    (void)uc;
    read_words(s);
    s->words[0] = call_python(s);
    s->words[7] += 2;
    write_words(s);
    count_down(s);
}

static double run_hooked(const struct task *task, long n, void *hook)
{
    struct state s = {.left = n};
    if (open_engine(&s, task, hook, &s))
        return -1;
    double start = now();
    task->uc.start(s.engine, task->code_address, ~0ull, 0, 0);
    double taken = now() - start;
    task->uc.close(s.engine);
    return s.left == 0 ? taken / n : -1;
}

double empty_hook(const struct task *task, long n) { return run_hooked(task, n, hook_empty); }
double batch_hook(const struct task *task, long n) { return run_hooked(task, n, hook_batch); }
double python_hook(const struct task *task, long n) { return run_hooked(task, n, hook_python); }

/* The hook only stops the run: leave, do what is asked, enter again. what: 0 nothing, 1 read, 2 read and write, 3 and call Python. */
double leave_and_enter(const struct task *task, long n, int what)
{
    struct state s = {.left = n};
    if (open_engine(&s, task, task->uc.stop, 0))
        return -1;
    uint64_t pc = task->code_address;
    double start = now();
    for (long i = 0; i < n; i++) {
        if (task->uc.start(s.engine, pc, ~0ull, 0, 0))
            return -1;
        if (what == 0) {
            pc = task->code_address;
            continue;
        }
        read_words(&s);
        pc = s.words[7];
        s.words[0] = what == 3 ? call_python(&s) : 42;
        if (what >= 2)
            write_words(&s);
    }
    double taken = now() - start;
    task->uc.close(s.engine);
    return taken / n;
}

/* The kernel's own price of the call that the Python handler makes. */
double host_getppid(const struct task *task, long n)
{
    (void)task;
    double start = now();
    for (long i = 0; i < n; i++)
        syscall(SYS_getppid);
    return (now() - start) / n;
}
