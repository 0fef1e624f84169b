# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled engine: Unicorn's run loop, soft MMU and guest-memory accessor in C.

Unicorn is not linked against: its functions' addresses are taken from the library that the `unicorn` package ships. Some of its
own calls to itself come through here (see lx_come_first).
One crossing from C to Python per system call: `run` reads number and arguments in one batch, indexes the table and calls
the row's adapter. Leaving Unicorn at each call costs as little as a hook (docs/benchmarks.md) and lets handlers fork, exec,
raise and switch threads without care.

The soft MMU is Unicorn's virtual TLB: all of the host's user address space is its "physical" memory (physical = host
address), and the fill hook answers from a sorted array of ranges. A miss in that array is given physical page 0, which
is mapped nowhere, because only Unicorn's unmapped-memory hooks tell the exact address; the TLB is flushed after.

Signals: a C handler queues the siginfo, stops the CPU and writes to a wake pipe; Python sees none of it until it asks
(`drain`). A SIGBUS inside a run (a file mapping truncated after its page was filled) becomes the guest's: the host page is
covered so that the emulator can go on to the next stop.
"""

import _thread
import os

from cpython.bytes cimport PyBytes_FromStringAndSize, PyBytes_AS_STRING
from cpython.buffer cimport PyBUF_READ, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBUF_WRITE, PyBuffer_Release, PyObject_GetBuffer
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.long cimport PyLong_AsLong, PyLong_AsUnsignedLongLongMask
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.errno cimport errno
from libc.string cimport memcmp, memcpy, memmove, memset, memchr

from lx.abi.errno import Errno, LinuxError
from lx.cpu import library as _library
from lx.cpu import locked as _locked
from lx.cpu import mend as _mend

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <dlfcn.h>
    #include <errno.h>
    #include <signal.h>
    #include <string.h>
    #include <stdint.h>
    #include <stdbool.h>
    #include <poll.h>
    #include <sys/mman.h>
    #include <sys/socket.h>
    #include <sys/stat.h>
    #include <sys/uio.h>
    #include <sys/wait.h>
    #include <stdio.h>
    #include <unistd.h>
    #include <fcntl.h>
    #include <pthread.h>
    #include <sched.h>
    #include <semaphore.h>
    #include <setjmp.h>
    #include <ucontext.h>
    #include <time.h>
    #include <sys/syscall.h>

    typedef struct { uint64_t paddr; int perms; } lx_tlb_entry;
    typedef int (*lx_open_t)(int, int, void **);
    typedef int (*lx_close_t)(void *);
    typedef int (*lx_ctl_t)(void *, unsigned, ...);
    typedef int (*lx_map_ptr_t)(void *, uint64_t, size_t, uint32_t, void *);
    typedef int (*lx_hook_t)(void *, size_t *, int, void *, void *, uint64_t, uint64_t, ...);
    typedef int (*lx_start_t)(void *, uint64_t, uint64_t, uint64_t, size_t);
    typedef int (*lx_stop_t)(void *);
    typedef int (*lx_batch_t)(void *, int *, void **, int);
    typedef int (*lx_reg_t)(void *, int, void *);
    typedef int (*lx_ctx_alloc_t)(void *, void **);
    typedef int (*lx_ctx_t)(void *, void *);
    typedef int (*lx_free_t)(void *);
    typedef size_t (*lx_size_t)(void *);

    static struct {
        lx_open_t open; lx_close_t close; lx_ctl_t ctl; lx_map_ptr_t map_ptr; lx_hook_t hook;
        lx_start_t start; lx_stop_t stop; lx_batch_t read_batch, write_batch; lx_reg_t reg_read, reg_write;
        lx_ctx_alloc_t ctx_alloc; lx_ctx_t ctx_save, ctx_restore; lx_free_t ctx_free;
    } UC;

    /* The signals caught for the guest of this host process. */
    #define LX_RING 1024
    static struct {
        siginfo_t ring[LX_RING];
        volatile unsigned head, tail;
        volatile int attention, running, wake_fd, woken_fd, woken, lost, bus, tick, quiet, child;
        volatile uint64_t bus_address;
        void *volatile uc;
    } SIG = { .wake_fd = -1, .woken_fd = -1 };

    /* Unicorn has translated code ask after every load and store whether the run is to stop, which is half of what memory costs.
       A stop from outside is seen at the next block all the same. A refused load leaves by itself. A refused store would go
       on with the next instruction; so it asks then, and only then: the slow path of a store comes back here, and its
       question is put from where the store was translated (a tail call: Unicorn finds the instruction by the return address).
       Unicorn calls these functions of its own through its procedure linkage table or by tables that the dynamic linker
       fills: ours come first if they are in the global scope when it is loaded, and are not called at all by a Unicorn
       that does not have them, or has called its own before (`first` tells): then its stops have to be made exact (lx.cpu.mend).
       Only what this engine runs is translated so: another one in the process is none the wiser. */
    typedef void (*lx_memory_t)(void *, void *, void *, uintptr_t, unsigned);
    typedef void (*lx_store_t)(void *, uint64_t, uint64_t, unsigned, uintptr_t);
    static struct {
        void (*check)(void *);
        void (*ask)(void *, unsigned);
        lx_memory_t load32, load64, store32, store64;
        lx_store_t byte, le2, le4, le8, be2, be4, be8;
        void *refused;                          /* the engine that refused a store in this run */
        int quiet, first;
        unsigned long accesses;
    } TCG;
    #define LX_SHOWN __attribute__((visibility("default"), used))
    LX_SHOWN void check_exit_request_x86_64(void *context) { TCG.first = 1; if (!TCG.quiet) TCG.check(context); }
    #define LX_ACCESS(name, own) \
    LX_SHOWN void name(void *context, void *value, void *address, uintptr_t index, unsigned kind) \
    { \
        TCG.quiet = SIG.running; \
        TCG.accesses += SIG.running; \
        TCG.own(context, value, address, index, kind); \
        TCG.quiet = 0; \
    }
    LX_ACCESS(tcg_gen_qemu_ld_i32_x86_64, load32)
    LX_ACCESS(tcg_gen_qemu_ld_i64_x86_64, load64)
    LX_ACCESS(tcg_gen_qemu_st_i32_x86_64, store32)
    LX_ACCESS(tcg_gen_qemu_st_i64_x86_64, store64)
    #define LX_STORE(name, own) \
    LX_SHOWN __attribute__((optimize("O2"))) void name(void *env, uint64_t address, uint64_t value, unsigned kind, uintptr_t from) \
    { \
        TCG.own(env, address, value, kind, from); \
        if (__builtin_expect(TCG.refused != 0, 0) && __builtin_return_address(0) == (void *)from) { \
            void *uc = TCG.refused; \
            TCG.refused = 0; \
            TCG.ask(uc, 0); \
        } \
    }
    LX_STORE(helper_ret_stb_mmu_x86_64, byte)
    LX_STORE(helper_le_stw_mmu_x86_64, le2)
    LX_STORE(helper_le_stl_mmu_x86_64, le4)
    LX_STORE(helper_le_stq_mmu_x86_64, le8)
    LX_STORE(helper_be_stw_mmu_x86_64, be2)
    LX_STORE(helper_be_stl_mmu_x86_64, be4)
    LX_STORE(helper_be_stq_mmu_x86_64, be8)
    static void lx_refused(void *uc) { TCG.refused = uc; }
    /* Where an indirect jump goes. Unicorn looks that up in a table by whose hash many jumps of a large program collide, and
       then in the block that it has found, each a cache line away: a quarter of such a program's time. Ours is asked first: a
       line holds where and what. An entry is good until a block is invalidated or the TLB flushed; all ways to these come by
       here (`generation`). The fields that its key is made of have no names outside Unicorn: it is only used with a library
       whose own function is, by its hash, the one that was read (2.1.4, x86-64). */
    #define LX_JUMPS 4096
    #define LX_ENDED 0xFFFF000000000000u        /* generations are counted above all addresses of a guest */
    #define LX_LOOKUP_HEAD 174                  /* bytes of Unicorn's function before and after a call that the linker fills in */
    #define LX_LOOKUP_TAIL 41
    #define LX_LOOKUP_HASH 0x13feb8290bb2bb6au
    static const unsigned char LX_ASK[] = {     /* and of the one that asks: it has to look where ours does */
        0x4c, 0x8b, 0x87, 0xb8, 0x01, 0, 0, 0x41, 0x8b, 0x80, 0x40, 0x8a, 0, 0, 0x85, 0xc0, 0x79, 0x04, 0x85, 0xf6, 0x74, 0x0a,
        0xc3 };
    static struct {
        struct { uint64_t key; void *code; } table[LX_JUMPS];
        uint64_t generation;
        uint64_t *state;                        /* whose jumps these are */
        uint32_t flags;                         /* under which its blocks have been translated */
        int known, sparing;
        void *(*own)(void *);
        void (*flush_tlb)(void *, unsigned), (*flush_page)(void *, uint64_t, unsigned), (*flush)(void *);
        void (*drop)(void *, void *, uint64_t), (*drop_fast)(void *, void *, uint64_t, int, uintptr_t);
        void (*drop_range)(void *, uint64_t, uint64_t), (*drop_page)(void *, uint64_t, uint64_t);
    } JUMPS;
    static void lx_forget_jumps(void)
    {
        JUMPS.generation += 0x1000000000000u;
        if (JUMPS.generation == LX_ENDED) { memset(JUMPS.table, 0, sizeof JUMPS.table); JUMPS.generation = 0x1000000000000u; }
    }
    static uint64_t lx_hash(uint64_t hash, const unsigned char *p, int n)
    {
        while (n--) hash = (hash ^ *p++) * 0x100000001b3u;
        return hash;
    }
    static void lx_know_jumps(void)
    {
        const unsigned char *own = (const void *)JUMPS.own;
        uint64_t hash = own ? lx_hash(0xcbf29ce484222325u, own, LX_LOOKUP_HEAD) : 0;
        JUMPS.known = own && lx_hash(hash, own + LX_LOOKUP_HEAD + 5, LX_LOOKUP_TAIL) == LX_LOOKUP_HASH;
        JUMPS.known &= JUMPS.flush_tlb && JUMPS.flush_page && JUMPS.flush && JUMPS.drop && JUMPS.drop_fast && JUMPS.drop_range
            && JUMPS.drop_page;
        JUMPS.sparing = JUMPS.known && TCG.ask && !memcmp((const void *)TCG.ask, LX_ASK, sizeof LX_ASK);
    }
    #define LX_AT(type, base, offset) (*(type *)((char *)(base) + (offset)))
    #define LX_ASKED_TO_STOP(state) (LX_AT(int32_t, state, -0x10) < 0)
    static __attribute__((noinline)) void *lx_look_up(void *state, uint64_t pc, uint32_t flags, unsigned i)
    {
        void *code = JUMPS.own(state), *way_out;
        if (state != JUMPS.state) return code;
        way_out = LX_AT(void *, LX_AT(void *, LX_AT(void *, state, -0x8a8), 0x300), 0x98);
        if (LX_ASKED_TO_STOP(state)) return way_out;
        if (!JUMPS.flags) JUMPS.flags = flags;
        /* the way out is also taken for want of a block */
        if (JUMPS.flags == flags && !LX_AT(uint64_t, state, 0xd8) && !(pc & LX_ENDED) && code != way_out) {
            JUMPS.table[i].key = pc | JUMPS.generation;
            JUMPS.table[i].code = code;
        }
        return code;
    }
    LX_SHOWN __attribute__((optimize("O2"))) void *helper_lookup_tb_ptr_x86_64(void *state)
    {
        uint64_t pc = LX_AT(uint64_t, state, 0x80);
        uint32_t flags = (LX_AT(uint32_t, state, 0x88) & 0x73100) | LX_AT(uint32_t, state, 0xb0);
        unsigned i = (pc ^ pc >> 12) % LX_JUMPS;
        if (JUMPS.table[i].key == (pc | JUMPS.generation) && JUMPS.flags == flags && state == JUMPS.state
                && !LX_ASKED_TO_STOP(state))
            return JUMPS.table[i].code;
        return lx_look_up(state, pc, flags, i);
    }
    #define LX_ENDS(name, own, parameters, arguments) LX_SHOWN void name parameters { lx_forget_jumps(); JUMPS.own arguments; }
    LX_ENDS(tlb_flush_by_mmuidx_x86_64, flush_tlb, (void *cpu, unsigned map), (cpu, map))
    LX_ENDS(tlb_flush_page_by_mmuidx_x86_64, flush_page, (void *cpu, uint64_t page, unsigned map), (cpu, page, map))
    LX_ENDS(tb_flush_x86_64, flush, (void *cpu), (cpu))
    LX_ENDS(tb_phys_invalidate_x86_64, drop, (void *context, void *block, uint64_t page), (context, block, page))
    LX_ENDS(tb_invalidate_phys_page_fast_x86_64, drop_fast, (void *uc, void *pages, uint64_t start, int size, uintptr_t from),
            (uc, pages, start, size, from))
    LX_ENDS(tb_invalidate_phys_range_x86_64, drop_range, (void *uc, uint64_t start, uint64_t end), (uc, start, end))
    LX_ENDS(tb_invalidate_phys_page_range_x86_64, drop_page, (void *uc, uint64_t start, uint64_t end), (uc, start, end))
    static void lx_jumps_of(uint64_t *state)
    {
        if (!JUMPS.known || JUMPS.state == state) return;
        JUMPS.state = state;
        JUMPS.flags = 0;
        lx_forget_jumps();
    }
    /* The syscall instruction of the engine that runs comes here and not to Unicorn's list of hooks, which would first work out
       the program counter and the flags that translated code has just stored (half of what a trap cost), and whose registers
       are only had by three more calls. The head of Unicorn's CPU state is an array of registers; `learn` finds out which. */
    static struct {
        void *engine;                           /* whose run this is, if it has learned, and its state: */
        uint64_t *state, *pc;
        uint64_t *seen;                         /* the state of whoever came another way last */
        void (*own)(void *, int);
        void (*serve)(void *uc, void *engine);
        void *(*code)(void *engine, uint64_t address, uint64_t size);
        int (*writable)(void *engine, uint64_t start, uint64_t end);
        uint64_t (*flags)(void *);
    } CALL;
    LX_SHOWN void helper_syscall_x86_64(void *state, int size)
    {
        if (state == CALL.state) {
            CALL.serve(0, CALL.engine);
            *CALL.pc += size;
            return;
        }
        CALL.seen = state;
        CALL.own(state, size);
    }
    /* A port is not a user's. Unicorn asks its hooks and goes on with the block; here it is a fault of the instruction itself. */
    #define LX_PROTECTION 13
    static struct {
        void (*raise)(void *state, int number, uintptr_t from);
        uint64_t (*inb)(void *, unsigned), (*inw)(void *, unsigned), (*inl)(void *, unsigned);
        void (*outb)(void *, unsigned, unsigned), (*outw)(void *, unsigned, unsigned), (*outl)(void *, unsigned, unsigned);
    } PORTS;
    #define LX_IS_REFUSED(state) \
        if (state == CALL.state && PORTS.raise) PORTS.raise(state, LX_PROTECTION, (uintptr_t)__builtin_return_address(0))
    #define LX_IN(name, own) \
    LX_SHOWN uint64_t name(void *state, unsigned port) { LX_IS_REFUSED(state); return PORTS.own(state, port); }
    #define LX_OUT(name, own) \
    LX_SHOWN void name(void *state, unsigned port, unsigned value) { LX_IS_REFUSED(state); PORTS.own(state, port, value); }
    LX_IN(helper_inb_x86_64, inb)
    LX_IN(helper_inw_x86_64, inw)
    LX_IN(helper_inl_x86_64, inl)
    LX_OUT(helper_outb_x86_64, outb)
    LX_OUT(helper_outw_x86_64, outw)
    LX_OUT(helper_outl_x86_64, outl)
    static void lx_serve_by(void *serve, void *code, void *writable)
    { CALL.serve = serve; CALL.code = code; CALL.writable = writable; }
    #define LX_HEAD 20                          /* words of the state among which the registers are looked for */
    static int lx_place_of(const uint64_t *state, uint64_t value)
    {
        for (int i = 0; i < LX_HEAD; i++)
            if (state[i] == value) return i;
        return -1;
    }
    /* Each block begins with a question whether to stop, a tenth of what code that computes costs. Whoever runs for long comes
       through an indirect jump, which asks by itself (helper_lookup_tb_ptr), or jumps back: only a block whose end may be a
       jump to its own address or before keeps the question; elsewhere no-operations take its place. The end is looked at as
       bytes: what could be such a jump counts as one, and a string instruction, which repeats its own block. */
    #define LX_LONGEST_JUMP 6
    static int lx_jumps_back(const unsigned char *end, uint64_t start, uint64_t next)
    {
        unsigned char last = end[-1], opcode = end[-2];
        int32_t far;
        if ((last & 0xfc) == 0xa4 || (last >= 0xaa && last <= 0xaf) || (last & 0xfc) == 0x6c) return 1; /* string instructions */
        if ((end[-3] & 0xfe) == 0xe8 || ((end[-3] & 0xf0) == 0x80 && end[-4] == 0x0f)) return 1; /* 16 bits of displacement */
        if ((opcode & 0xf0) == 0x70 || (opcode & 0xfc) == 0xe0 || opcode == 0xeb)
            if (next + (int8_t)last <= start) return 1;
        memcpy(&far, end - 4, 4);
        if ((end[-5] & 0xfe) == 0xe8 || ((end[-5] & 0xf0) == 0x80 && end[-6] == 0x0f) || (end[-5] == 0xf8 && end[-6] == 0xc7))
            if (next + (int64_t)far <= start) return 1;
        return 0;
    }
    /* mov $uc, %rdi; xor %esi, %esi; call helper_check_exit_request, from near or far: its size, or 0 if this is not it. */
    static int lx_question(const unsigned char *code, uint64_t size)
    {
        int far = code[12] == 0xff, n = far ? 18 : 17;
        const unsigned char *after = code + n;
        int32_t distance;
        void *called;
        if (size < 18 || code[0] != 0x48 || code[1] != 0xbf || code[10] != 0x33 || code[11] != 0xf6) return 0;
        if (code[12] != 0xe8 && !(far && code[13] == 0x15)) return 0;
        memcpy(&distance, after - 4, 4);
        called = far ? *(void **)(after + distance) : (void *)(after + distance);
        return called == (void *)TCG.ask ? n : 0;
    }
    static void lx_spare_question(void *cpu, void *block)
    {
        static const unsigned char nothing[18] = {
            0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 };
        uint64_t pc = LX_AT(uint64_t, block, 0), next = pc + LX_AT(uint16_t, block, 0x14);
        unsigned char *code = LX_AT(unsigned char *, block, 0x20);
        const unsigned char *end;
        int n;
        if (!JUMPS.sparing || (char *)cpu + 0x8a50 != (char *)JUMPS.state) return;
        n = lx_question(code, LX_AT(uint64_t, block, 0x28));
        end = n ? CALL.code(CALL.engine, next - LX_LONGEST_JUMP, LX_LONGEST_JUMP) : 0;
        if (end && !lx_jumps_back(end + LX_LONGEST_JUMP, pc, next)) memcpy(code, nothing + 18 - n, n);
    }
    /* The pages of each new block are to be written with care from now on, and Unicorn looks for them in all of the TLB, which grows
       with the program: it costs as much as the translation where there are 4,096 entries. A page that the guest cannot write
       is not there to be written. */
    static void (*lx_reset_dirty)(void *, uint64_t, uint64_t);
    LX_SHOWN void tlb_reset_dirty_by_vaddr_x86_64(void *cpu, uint64_t start, uint64_t length)
    {
        int ours = JUMPS.known && (char *)cpu + 0x8a50 == (char *)JUMPS.state;
        if (!ours || CALL.writable(CALL.engine, start, start + length)) lx_reset_dirty(cpu, start, length);
    }
    /* What a forked child has to translate is lost with it, and its siblings will need it too. So it notes where these blocks
       begin, in memory that it shares with its parent, who translates them before it forks again. */
    #define LX_NOTES 511
    typedef struct { volatile uint32_t count; uint64_t pc[LX_NOTES]; } lx_notes_t;
    static struct {
        void *(*translate)(void *, uint64_t, uint64_t, uint32_t, int);
        lx_notes_t *notes;
        int child, telling;
    } BLOCKS;
    LX_SHOWN void *tb_gen_code_x86_64(void *cpu, uint64_t pc, uint64_t base, uint32_t flags, int kind)
    {
        if (BLOCKS.telling && SIG.running && BLOCKS.notes->count < LX_NOTES) {
            uint32_t at = __sync_fetch_and_add(&BLOCKS.notes->count, 1);
            if (at < LX_NOTES) BLOCKS.notes->pc[at] = pc;
        }
        void *block = BLOCKS.translate(cpu, pc, base, flags, kind);
        lx_spare_question(cpu, block);
        return block;
    }
    static void lx_share_notes(void)
    {
        if (BLOCKS.child) munmap(BLOCKS.notes, sizeof *BLOCKS.notes);
        if (BLOCKS.child || !BLOCKS.notes) {
            void *at = mmap(0, sizeof *BLOCKS.notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            BLOCKS.notes = at == MAP_FAILED ? 0 : at;
        }
        BLOCKS.child = BLOCKS.telling = 0;
    }
    static void lx_tell_parent(int on) { BLOCKS.telling = on && BLOCKS.child; }
    static void lx_become_child(void) { BLOCKS.child = BLOCKS.telling = BLOCKS.notes != 0; }
    static unsigned lx_noted(void)
    {
        unsigned count = BLOCKS.child || !BLOCKS.notes ? 0 : BLOCKS.notes->count;
        return count < LX_NOTES ? count : LX_NOTES;
    }
    static uint64_t lx_note(unsigned i) { return BLOCKS.notes->pc[i]; }
    static void lx_clear_notes(void) { if (!BLOCKS.child && BLOCKS.notes) BLOCKS.notes->count = 0; }
    static void lx_come_first(void)
    {
        Dl_info here;
        if (dladdr((void *)lx_come_first, &here)) dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
    }
    /* Lazily bound: most of Unicorn's four thousand symbols are never needed, and looking them all up takes 2 ms. */
    static void *lx_open(const char *path) { return dlopen(path, RTLD_LAZY | RTLD_LOCAL); }
    static const struct { const char *name; void *slot; } FUNCTIONS[] = {
        {"uc_open", &UC.open}, {"uc_close", &UC.close}, {"uc_ctl", &UC.ctl}, {"uc_mem_map_ptr", &UC.map_ptr},
        {"uc_hook_add", &UC.hook}, {"uc_emu_start", &UC.start}, {"uc_emu_stop", &UC.stop},
        {"uc_reg_read_batch", &UC.read_batch}, {"uc_reg_write_batch", &UC.write_batch}, {"uc_reg_read", &UC.reg_read},
        {"uc_reg_write", &UC.reg_write}, {"uc_context_alloc", &UC.ctx_alloc}, {"uc_context_save", &UC.ctx_save},
        {"uc_context_restore", &UC.ctx_restore}, {"uc_context_free", &UC.ctx_free},
    };
    static int lx_functions(void) { return sizeof FUNCTIONS / sizeof *FUNCTIONS; }
    static int lx_find(void *library, int i)
    { return (*(void **)FUNCTIONS[i].slot = dlsym(library, FUNCTIONS[i].name)) != 0; }
    static void lx_find_own(void *library)
    {
        static const struct { const char *name; void *slot; } OWN[] = {
            {"helper_lookup_tb_ptr_x86_64", &JUMPS.own}, {"tlb_flush_by_mmuidx_x86_64", &JUMPS.flush_tlb},
            {"tlb_flush_page_by_mmuidx_x86_64", &JUMPS.flush_page}, {"tb_flush_x86_64", &JUMPS.flush},
            {"tb_phys_invalidate_x86_64", &JUMPS.drop}, {"tb_invalidate_phys_page_fast_x86_64", &JUMPS.drop_fast},
            {"tb_invalidate_phys_range_x86_64", &JUMPS.drop_range}, {"tb_invalidate_phys_page_range_x86_64", &JUMPS.drop_page},
            {"raise_exception_ra_x86_64", &PORTS.raise}, {"helper_inb_x86_64", &PORTS.inb}, {"helper_inw_x86_64", &PORTS.inw},
            {"helper_inl_x86_64", &PORTS.inl}, {"helper_outb_x86_64", &PORTS.outb}, {"helper_outw_x86_64", &PORTS.outw},
            {"helper_outl_x86_64", &PORTS.outl},
            {"helper_syscall_x86_64", &CALL.own}, {"helper_read_eflags_x86_64", &CALL.flags},
            {"tb_gen_code_x86_64", &BLOCKS.translate}, {"tlb_reset_dirty_by_vaddr_x86_64", &lx_reset_dirty}, {"check_exit_request_x86_64", &TCG.check},
            {"helper_check_exit_request_x86_64", &TCG.ask},
            {"tcg_gen_qemu_ld_i32_x86_64", &TCG.load32}, {"tcg_gen_qemu_ld_i64_x86_64", &TCG.load64},
            {"tcg_gen_qemu_st_i32_x86_64", &TCG.store32}, {"tcg_gen_qemu_st_i64_x86_64", &TCG.store64},
            {"helper_ret_stb_mmu_x86_64", &TCG.byte}, {"helper_le_stw_mmu_x86_64", &TCG.le2},
            {"helper_le_stl_mmu_x86_64", &TCG.le4}, {"helper_le_stq_mmu_x86_64", &TCG.le8},
            {"helper_be_stw_mmu_x86_64", &TCG.be2}, {"helper_be_stl_mmu_x86_64", &TCG.be4},
            {"helper_be_stq_mmu_x86_64", &TCG.be8},
        };
        for (unsigned i = 0; i < sizeof OWN / sizeof *OWN; i++)
            *(void **)OWN[i].slot = dlsym(library, OWN[i].name);
        lx_know_jumps();
    }

    static int64_t lx_now(void)
    {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    }
    #define LX_CTL(type, nargs, rw) ((unsigned)((type) | ((nargs) << 26) | ((unsigned)(rw) << 30)))
    static int lx_tlb_virtual(void *uc) { return UC.ctl(uc, LX_CTL(12, 1, 1), 1); }
    /* No exit address: uc_emu_start would look its page up at each start, a TLB miss every time. */
    static int lx_no_exits(void *uc) { return UC.ctl(uc, LX_CTL(4, 1, 1), 1); }
    static int lx_flush_tlb(void *uc) { return UC.ctl(uc, LX_CTL(11, 0, 1)); }
    static int lx_flush_tb(void *uc) { return UC.ctl(uc, LX_CTL(10, 0, 1)); }
    static int lx_translate(void *uc, uint64_t pc) { uint64_t block[4]; return UC.ctl(uc, LX_CTL(8, 2, 3), pc, block); }
    static int lx_hook_plain(void *uc, int type, void *f, void *data)
    { size_t h; return UC.hook(uc, &h, type, f, data, (uint64_t)1, (uint64_t)0); }
    /* Only for the physical page that a refused fill answers with: a hook that could see other pages' stores would keep
       all of them on Unicorn's slow path (seven times slower). */
    static int lx_hook_refused(void *uc, int type, void *f, void *data)
    { size_t h; return UC.hook(uc, &h, type, f, data, (uint64_t)0, (uint64_t)4095); }
    static int lx_hook_insn(void *uc, int type, void *f, void *data, int insn)
    { size_t h; return UC.hook(uc, &h, type, f, data, (uint64_t)1, (uint64_t)0, insn); }

    static int lx_hook_block(void *uc, void *f, void *data)
    { size_t h; return UC.hook(uc, &h, 8, f, data, (uint64_t)1, (uint64_t)0); }

    /* Copy from or to memory that may vanish (file mappings): the kernel checks, so no SIGBUS. */
    static ssize_t lx_safe_copy(void *to, const void *from, size_t n, int writing)
    {
        struct iovec local = { writing ? (void *)from : to, n }, remote = { writing ? to : (void *)from, n };
        return writing ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0)
                       : process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    }

    /* The calls that the engine may carry out by itself (Engine.set_direct); 1 stands for a constant. */
    enum { LX_READ = 2, LX_WRITE, LX_PREAD, LX_PWRITE, LX_LSEEK, LX_YIELD, LX_FSTAT, LX_FSTATAT, LX_FROM_PIPE, LX_TO_PIPE,
           LX_WAKE, LX_SEND, LX_RECEIVE, LX_EPOLL, LX_EPOLL_MASKED, LX_EPOLL_CONTROL, LX_CLOSE, LX_DUP, LX_INSIDE, LX_UMASK,
           LX_PARENT, LX_STAT, LX_LSTAT, LX_ACCESS, LX_ACCESSAT, LX_OPEN, LX_OPENAT, LX_POLL, LX_PPOLL, LX_SELECT, LX_PSELECT,
           LX_FORK, LX_CLONE, LX_WAIT, LX_EXIT, LX_ROBUST };
    #if defined(__linux__) && defined(__x86_64__)
    #include <sys/epoll.h>
    #include <sys/syscall.h>
    static int64_t lx_fstat(int fd, void *host) { return syscall(SYS_fstat, fd, host); }
    static int lx_epoll(int fd, void *host, int most) { return epoll_wait(fd, host, most, 0); }
    static int lx_epoll_control(int fd, int how, int64_t other, void *host) { return epoll_ctl(fd, how, (int)other, host); }
    #else
    static int64_t lx_fstat(int fd, void *host) { errno = ENOSYS; return -1; }
    static int lx_epoll(int fd, void *host, int most) { errno = ENOSYS; return -1; }
    static int lx_epoll_control(int fd, int how, int64_t other, void *host) { errno = ENOSYS; return -1; }
    #endif
    /* A pipe or a socket, asked not to wait whatever its O_NONBLOCK says. */
    static int64_t lx_stream(int how, int fd, void *host, uint64_t size)
    {
    #if defined(RWF_NOWAIT) && defined(SYS_preadv2) && defined(SYS_pwritev2)
        struct iovec iov = { host, size };
        return syscall(how == LX_FROM_PIPE ? SYS_preadv2 : SYS_pwritev2, fd, &iov, 1L, -1L, -1L, RWF_NOWAIT);
    #else
        errno = EAGAIN;
        return -1;
    #endif
    }
    #define LX_NOSIGNAL 0x4000                  /* MSG_NOSIGNAL of Linux, which the guest has given */
    static int64_t lx_direct(int how, int fd, void *host, uint64_t size, int64_t offset, int *error)
    {
        int64_t n = how == LX_READ ? read(fd, host, size) : how == LX_WRITE ? write(fd, host, size)
                  : how == LX_PREAD ? pread(fd, host, size, offset) : how == LX_PWRITE ? pwrite(fd, host, size, offset)
                  : how == LX_LSEEK ? lseek(fd, offset, (int)size)
                  : how == LX_FSTAT ? lx_fstat(fd, host)
                  : how == LX_SEND ? send(fd, host, size, MSG_DONTWAIT | (offset & LX_NOSIGNAL ? MSG_NOSIGNAL : 0))
                  : how == LX_RECEIVE ? recv(fd, host, size, MSG_DONTWAIT)
                  : how == LX_EPOLL ? lx_epoll(fd, host, (int)size)
                  : how == LX_EPOLL_CONTROL ? lx_epoll_control(fd, (int)size, offset, host) : lx_stream(how, fd, host, size);
        *error = errno;
        return n;
    }

    /* A host call that may wait is made after a last look at signals, and one that comes between the two does not end it. So
       the handler asks another host thread, without Python, to kick the one that waits until it has looked again. That
       thread is started at the first such call and has no signals; a forked child has none. */
    #define LX_KICK 64
    #define LX_AGAIN 2000000
    static struct { sem_t wanted; int alive; volatile int waiting; uint64_t mask; } KICKS;

    static void lx_wake(void)
    { if (SIG.wake_fd >= 0) { ssize_t n = write(SIG.wake_fd, "", 1); (void)n; SIG.woken = 1; } }
    #define LX_QUESTION -73                     /* lx.kernel.signals.QUESTION */
    static void lx_on_signal(int number, siginfo_t *info, void *context)
    {
        int saved = errno;
        unsigned head = SIG.head;
        if (number == SIGCHLD && SIG.quiet && info->si_code != LX_QUESTION) {
            if (!SIG.running && !SIG.child) lx_wake();
            SIG.child = 1;
            errno = saved;
            return;
        }
        if (info->si_code == SI_TIMER) sigaddset(&((ucontext_t *)context)->uc_sigmask, number); /* till it is collected */
        if (head - SIG.tail < LX_RING) { SIG.ring[head % LX_RING] = *info; SIG.head = head + 1; }
        else SIG.lost = 1;
        SIG.attention = 1;
        if (SIG.running && SIG.uc) UC.stop((void *)SIG.uc);
        lx_wake();
        if (KICKS.waiting) sem_post(&KICKS.wanted);
        errno = saved;
    }

    /* A byte of memory that may vanish, or -1: without the kernel's help, which costs microseconds. */
    static struct { volatile int on; sigset_t mask; sigjmp_buf back; } PROBE;
    static int lx_byte(const volatile char *p)
    {
        unsigned char byte;
        if (sigsetjmp(PROBE.back, 0)) { sigprocmask(SIG_SETMASK, &PROBE.mask, 0); return -1; }
        PROBE.on = 1; byte = *p; PROBE.on = 0;
        return byte;
    }

    /* A string in memory that may vanish: its length; `room` if it does not end in it; -1. */
    static ssize_t lx_text(char *to, const volatile char *from, size_t room)
    {
        size_t n;
        if (sigsetjmp(PROBE.back, 0)) { sigprocmask(SIG_SETMASK, &PROBE.mask, 0); return -1; }
        PROBE.on = 1;
        for (n = 0; n < room && (to[n] = from[n]); n++) {}
        PROBE.on = 0;
        return n;
    }
    /* Whether one openat2 resolves the path as the guest would: no component that leads up, or that is the name of a mount. */
    static int lx_is_simple(const char *path, const char *hidden)
    {
        while (*path) {
            size_t n = strcspn(path, "/");
            if (n == 2 && path[0] == '.' && path[1] == '.') return 0;
            for (const char *name = hidden; n && *name; name += strlen(name) + 1)
                if (strlen(name) == n && !memcmp(path, name, n)) return 0;
            path += n;
            path += strspn(path, "/");
        }
        return 1;
    }
    /* openat2 with the resolution of lx.kernel.vfs.walk.EXACT. EAGAIN where there is none. */
    static int lx_open_exactly(int directory, const char *path, uint64_t flags, uint64_t mode)
    {
    #if defined(SYS_openat2)
        struct { uint64_t flags, mode, resolve; } how = { flags, mode, 2 | 4 | 8 };
        return syscall(SYS_openat2, directory, path, &how, sizeof how);
    #else
        errno = EAGAIN;
        return -1;
    #endif
    }
    /* What is asked of an open place, which is closed: metadata, or what may be done. -errno. */
    static int lx_ask_place(int fd, void *metadata, int mode)
    {
    #if defined(SYS_faccessat2) && defined(AT_EMPTY_PATH)
        int failed = metadata ? lx_fstat(fd, metadata) : syscall(SYS_faccessat2, fd, "", mode, AT_EMPTY_PATH);
    #else
        int failed = metadata ? lx_fstat(fd, metadata) : (errno = ENOSYS, -1);
    #endif
        failed = failed ? -errno : 0;
        close(fd);
        return failed;
    }
    /* What lx.kernel.files would say of it: 1 for what never waits, 2 for a pipe, 0 for what is to be looked at there. */
    static int lx_kind(int fd)
    {
        struct stat st;
        if (fstat(fd, &st)) return 0;
        return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode) ? 1 : S_ISFIFO(st.st_mode) ? 2 : 0;
    }
    static int lx_dup(int fd) { return fcntl(fd, F_DUPFD, 0); }

    static void lx_on_bus(int number, siginfo_t *info, void *context)
    {
        void *page = (void *)((uintptr_t)info->si_addr & ~(uintptr_t)4095);
        if (info->si_code <= 0) { lx_on_signal(number, info, context); return; }
        if (PROBE.on) { PROBE.on = 0; PROBE.mask = ((ucontext_t *)context)->uc_sigmask; siglongjmp(PROBE.back, 1); }
        if (!SIG.running || mmap(page, 4096, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
            signal(SIGBUS, SIG_DFL); return;
        }
        SIG.bus = 1; SIG.bus_address = (uint64_t)(uintptr_t)info->si_addr; SIG.attention = 1;
        if (SIG.uc) UC.stop((void *)SIG.uc);
    }

    /* The ticker: a host thread without Python that stops the CPU every so many nanoseconds, and seldom while the CPU does
       not run. It may stop a run that comes after the one it meant, which `run` allows for. It takes no signals, ends by
       itself when it is not wanted any more, and a forked child has none. */
    static struct { pthread_mutex_t lock; volatile long period; volatile int alive; } TICKER = { PTHREAD_MUTEX_INITIALIZER };
    static void *lx_ticker(void *unused)
    {
        int idle = 0;
        (void)unused;
        for (;;) {
            struct timespec span = { 0, idle > 4 ? 20000000 : TICKER.period };
            nanosleep(&span, 0);
            pthread_mutex_lock(&TICKER.lock);
            if (!TICKER.period) { TICKER.alive = 0; pthread_mutex_unlock(&TICKER.lock); return 0; }
            pthread_mutex_unlock(&TICKER.lock);
            if (!SIG.running) { idle++; continue; }
            idle = 0;
            SIG.tick = 1; SIG.attention = 1;
            if (SIG.uc) UC.stop((void *)SIG.uc);
        }
    }
    /* A host thread of ours without signals. */
    static int lx_thread(void *(*does)(void *), void *data)
    {
        sigset_t all, old;
        pthread_t thread;
        int error;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        error = pthread_create(&thread, 0, does, data);
        pthread_sigmask(SIG_SETMASK, &old, 0);
        if (!error) pthread_detach(thread);
        return error;
    }
    static int lx_set_ticks(long period)
    {
        int error = 0;
        pthread_mutex_lock(&TICKER.lock);
        TICKER.period = period;
        if (period && !TICKER.alive) {
            error = lx_thread(lx_ticker, 0);
            TICKER.alive = !error;
        }
        pthread_mutex_unlock(&TICKER.lock);
        return error;
    }
    static void lx_forget_threads(void)
    { pthread_mutex_init(&TICKER.lock, 0); TICKER.period = 0; TICKER.alive = 0; SIG.tick = 0; KICKS.alive = KICKS.waiting = 0; }
    static int lx_take_tick(void) { int tick = SIG.tick; SIG.tick = 0; return tick; }
    static void lx_tick_now(void) { SIG.tick = 1; SIG.attention = 1; }

    static int lx_catch(int number, int flags)
    {
        struct sigaction act;
        memset(&act, 0, sizeof act);
        act.sa_sigaction = number == SIGBUS ? lx_on_bus : lx_on_signal;
        act.sa_flags = SA_SIGINFO | (flags & (SA_NOCLDSTOP | SA_NOCLDWAIT));
        sigfillset(&act.sa_mask);
        sigdelset(&act.sa_mask, SIGSEGV);
        return sigaction(number, &act, 0);
    }
    /* The call itself: glibc takes its own two signals, 32 and 33, out of every mask. */
    static uint64_t lx_mask(int set, uint64_t value)
    {
        uint64_t old = 0;
    #if defined(__linux__)
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, set ? &value : 0, &old, sizeof old);
    #else
        sigset_t next, before;
        sigemptyset(&next); sigemptyset(&before);
        memcpy(&next, &value, sizeof value);
        sigprocmask(SIG_SETMASK, set ? &next : 0, &before);
        memcpy(&old, &before, sizeof old);
    #endif
        return old;
    }
    static void lx_reset(int number)
    {
        struct sigaction act;
        sigset_t all;
        memset(&act, 0, sizeof act);
        act.sa_handler = SIG_DFL;
        if (sigaction(number, &act, 0)) { /* one that glibc keeps for itself, and has a handler for once there is a thread */
    #if defined(__linux__)
            uint64_t plain[4] = { 0, 0, 0, 0 };
            syscall(SYS_rt_sigaction, number, plain, 0, sizeof(uint64_t));
    #endif
        }
        sigfillset(&all);
        sigdelset(&all, number);
        sigprocmask(SIG_SETMASK, &all, 0);
    }
    static int lx_dispose(int number, int ignore, int flags)
    {
        struct sigaction act;
        if (number == SIGBUS) return lx_catch(number, flags); /* a fault that is ignored, or blocked, would end us */
        memset(&act, 0, sizeof act);
        act.sa_handler = ignore ? SIG_IGN : SIG_DFL;
        act.sa_flags = flags & (SA_NOCLDSTOP | SA_NOCLDWAIT);
        return sigaction(number, &act, 0);
    }
    static void lx_enter(void *uc, void *engine, uint64_t *state, uint64_t *pc)
    { lx_jumps_of(state); CALL.engine = engine; CALL.pc = pc; CALL.state = state; SIG.uc = uc; SIG.running = 1; }
    static void lx_leave(void) { SIG.running = 0; CALL.state = 0; }
    static void lx_forget_engine(void *uc, uint64_t *state)
    {
        if (state && JUMPS.state == state) JUMPS.state = 0; /* the next engine's may be at the same place */
        if (SIG.uc == uc) { SIG.uc = 0; SIG.running = 0; }
    }
    static void lx_set_attention(int on) { SIG.attention = on; }
    static void lx_set_wake(int reading, int writing) { SIG.wake_fd = writing; SIG.woken_fd = reading; SIG.woken = 0; }
    /* Helpers: host threads of ours that make calls which wait. A signal that does nothing ends such a call. */
    static void lx_on_kick(int number, siginfo_t *info, void *context)
    {
        if (info->si_code == SI_TKILL && info->si_pid == getpid()) return;
        if (syscall(SYS_gettid) == getpid()) lx_on_signal(number, info, context); /* it is a guest's own use of the number */
        else syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), number, info);
    }
    /* The mask of a helper, with which it begins because who starts it has it; 0: back to one's own. */
    static void lx_mask_of_helper(int on)
    {
        static sigset_t own;
        sigset_t mask;
        sigfillset(&mask);
        sigdelset(&mask, LX_KICK);
        if (on) pthread_sigmask(SIG_SETMASK, &mask, &own);
        else pthread_sigmask(SIG_SETMASK, &own, 0);
    }
    static void lx_make_kickable(void)
    {
        struct sigaction act;
        sigaction(LX_KICK, 0, &act);
        if (!(act.sa_flags & SA_SIGINFO)) {
            memset(&act, 0, sizeof act);
            act.sa_sigaction = lx_on_kick;
            act.sa_flags = SA_SIGINFO;
            sigfillset(&act.sa_mask);
            sigdelset(&act.sa_mask, SIGSEGV);
            sigaction(LX_KICK, &act, 0);
        }
    }
    static void lx_kick(int tid)
    {
        lx_make_kickable();
        syscall(SYS_tgkill, getpid(), tid, LX_KICK);
    }
    static void *lx_kicker(void *waiter)
    {
        const struct timespec again = { 0, LX_AGAIN };
        for (;;) {
            if (sem_wait(&KICKS.wanted)) continue;
            while (KICKS.waiting && SIG.head != SIG.tail) {
                syscall(SYS_tgkill, getpid(), (int)(intptr_t)waiter, LX_KICK);
                nanosleep(&again, 0);
            }
        }
        return 0;
    }
    /* Without the thread (the host gives no more) a signal that comes at the wrong moment waits until the call returns. */
    static void lx_begin_wait(void)
    {
        uint64_t kick = 1ull << (LX_KICK - 1);
        if (!KICKS.alive) {
            sem_init(&KICKS.wanted, 0, 0);
            KICKS.alive = !lx_thread(lx_kicker, (void *)(intptr_t)syscall(SYS_gettid));
        }
        lx_make_kickable();
        syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &kick, &KICKS.mask, sizeof kick);
        KICKS.waiting = 1;
    }
    static void lx_end_wait(void)
    {
        KICKS.waiting = 0;
        if (KICKS.mask >> (LX_KICK - 1)) syscall(SYS_rt_sigprocmask, SIG_SETMASK, &KICKS.mask, 0, sizeof KICKS.mask);
    }
    static uint32_t lx_compare_swap(void *at, uint32_t old, uint32_t value)
    { return __sync_val_compare_and_swap((uint32_t *)at, old, value); }
    static void lx_drain_wake(void)
    {
        char seen[64];
        if (SIG.woken) { SIG.woken = 0; while (read(SIG.woken_fd, seen, sizeof seen) == sizeof seen) {} }
    }
    static void lx_advance(void) { SIG.tail = SIG.tail + 1; }
    static void lx_clear_bus(void) { SIG.bus = 0; }

    /* Children. A change of one is an event and no signal while Python says so (SIG.quiet). */
    static void lx_set_quiet(int on) { SIG.quiet = on; }
    static int lx_take_child(void) { int child = SIG.child; SIG.child = 0; return child; }
    static void lx_forget_signals(void)
    { SIG.tail = SIG.head; SIG.attention = SIG.child = 0; lx_forget_threads(); }
    /* With all signals blocked: none that comes for the parent is caught by the child. Its memory is its parent's but for that. */
    static int lx_fork(void)
    {
        uint64_t mask = lx_mask(1, ~(uint64_t)0);
        lx_share_notes();
        int pid = fork(), error = errno;
        if (pid == 0) { lx_forget_signals(); lx_set_wake(-1, -1); lx_become_child(); }
        lx_mask(1, mask);
        errno = error;
        return pid;
    }
    /* Sleep until a signal has been caught since the last look at the children. */
    static void lx_await_child(void)
    {
    #if defined(SYS_ppoll)
        uint64_t mask = lx_mask(1, ~(uint64_t)0);
        if (!SIG.attention && !SIG.child) syscall(SYS_ppoll, 0, 0, 0, &mask, sizeof mask);
        lx_mask(1, mask);
    #endif
    }
    /* Sleep until a descriptor is ready: 1. Or until something else has happened that Python should look at: 0. There is room
       for one more descriptor behind the given ones, which must be few. */
    static int lx_await_any(struct pollfd *fds, int count)
    {
        int ready = 0;
        fds[count].fd = SIG.woken_fd;
        fds[count].events = POLLIN;
        fds[count].revents = 0;
    #if defined(SYS_ppoll)
        uint64_t mask = lx_mask(1, ~(uint64_t)0);
        do {
            ready = SIG.attention ? 0 : syscall(SYS_ppoll, fds, count + 1, 0, &mask, sizeof mask);
        } while (ready < 0 && errno == EINTR);
        lx_mask(1, mask);
    #endif
        return ready > 0 && !fds[count].revents && !SIG.attention;
    }
    static int lx_await(int fd, int writing)
    {
        struct pollfd fds[2] = { { fd, writing ? POLLOUT : POLLIN, 0 } };
        return lx_await_any(fds, 1);
    }
    #define LX_FEW 64
    static int lx_await_guests(const void *guest, int count)
    {
        struct pollfd fds[LX_FEW + 1];
        memcpy(fds, guest, count * sizeof *fds);
        return lx_await_any(fds, count);
    }
    static int lx_poll_fd(const void *fds, int i) { return ((const struct pollfd *)fds)[i].fd; }
    static int lx_poll(void *fds, unsigned count) { return poll(fds, count, 0); }
    static int lx_lowest(uint64_t bits) { return __builtin_ctzll(bits); }
    #define LX_SELECTED 1024                    /* FD_SETSIZE */
    typedef struct { uint64_t words[LX_SELECTED / 64]; } lx_set_t;
    /* select with the guest's sets, where there are any, which are only changed if it finds something, or `anyway`. */
    static int lx_select(int count, uint64_t **guest, int anyway)
    {
    #if defined(SYS_select)
        lx_set_t sets[3];
        struct timeval at_once = { 0, 0 };
        size_t size = (count + 63) / 64 * 8;
        int i, found;
        if (count > LX_SELECTED) return -1;
        for (i = 0; i < 3; i++) if (guest[i]) memcpy(&sets[i], guest[i], size);
        found = syscall(SYS_select, count, guest[0] ? &sets[0] : 0, guest[1] ? &sets[1] : 0, guest[2] ? &sets[2] : 0, &at_once);
        if (found < 0 || (!found && !anyway)) return found;
        for (i = 0; i < 3; i++) if (guest[i]) memcpy(guest[i], &sets[i], size);
        return found;
    #else
        return -1;
    #endif
    }
    /* Whether a call on a pipe or a socket waits, and for as long as it takes. */
    static int lx_waits(int fd)
    {
        int flags = fcntl(fd, F_GETFL);
        return flags >= 0 && !(flags & O_NONBLOCK);
    }
    static int lx_has_timeout(int fd, int writing)
    {
        struct timeval limit = { 0, 0 };
        socklen_t size = sizeof limit;
        return !getsockopt(fd, SOL_SOCKET, writing ? SO_SNDTIMEO : SO_RCVTIMEO, &limit, &size) && (limit.tv_sec || limit.tv_usec);
    }
    static int lx_wait(int pid, int *status, int options, int *error)
    {
        int found = waitpid(pid, status, options);
        *error = errno;
        return found;
    }
    static int lx_stopped(int status) { return WIFSTOPPED(status); }
    /* A process of the zone, as lx.zone.registry has it: its word holds clock ticks since boot. */
    static void lx_enter_zone(void *word)
    {
        struct timespec now;
    #if defined(CLOCK_BOOTTIME)
        clock_gettime(CLOCK_BOOTTIME, &now);
    #else
        clock_gettime(CLOCK_MONOTONIC, &now);
    #endif
        *(volatile uint64_t *)word = (uint64_t)now.tv_sec * 100 + now.tv_nsec / 10000000;
    }
    static void lx_leave_zone(void *word, const char *record, int pid)
    {
        char path[4200];
        *(volatile uint64_t *)word = 0;
        snprintf(path, sizeof path, "%s%d", record, pid);
        unlink(path);
    }
    """
    unsigned long TCG_accesses "TCG.accesses"
    int TCG_first "TCG.first"
    void lx_refused(void *uc)
    void lx_come_first()
    void lx_find_own(void *library)
    void *lx_open(const char *path)
    int lx_functions()
    int lx_find(void *library, int i)
    ctypedef struct siginfo_t:
        int si_signo
        int si_code
    ctypedef struct TlbEntry "lx_tlb_entry":
        uint64_t paddr
        int perms
    int lx_tlb_virtual(void *uc) nogil
    int lx_no_exits(void *uc) nogil
    int64_t lx_now() nogil
    int lx_flush_tlb(void *uc) nogil
    int lx_flush_tb(void *uc) nogil
    int lx_hook_plain(void *uc, int kind, void *function, void *data)
    int lx_hook_refused(void *uc, int kind, void *function, void *data)
    int lx_hook_insn(void *uc, int kind, void *function, void *data, int insn)
    int lx_hook_block(void *uc, void *function, void *data)
    int lx_set_ticks(long period)
    int lx_take_tick()
    void lx_tick_now() nogil
    int TICKER_alive "TICKER.alive"
    ssize_t lx_safe_copy(void *to, const void *source, size_t n, int writing) nogil
    int lx_byte(const char *p) nogil
    ssize_t lx_text(char *to, const char *source, size_t room) nogil
    int lx_is_simple(const char *path, const char *hidden) nogil
    int lx_open_exactly(int directory, const char *path, uint64_t flags, uint64_t mode) nogil
    int lx_ask_place(int fd, void *metadata, int mode) nogil
    int lx_kind(int fd) nogil
    int lx_dup(int fd) nogil
    int lx_close "close" (int fd) nogil
    uint64_t HOST_PATH "((uint64_t)(O_PATH | O_CLOEXEC))"
    uint64_t HOST_NOFOLLOW "((uint64_t)O_NOFOLLOW)"
    int64_t lx_direct(int how, int fd, void *host, uint64_t size, int64_t offset, int *error) nogil
    int LX_READ, LX_WRITE, LX_PREAD, LX_PWRITE, LX_LSEEK, LX_YIELD, LX_FSTAT, LX_FSTATAT, LX_FROM_PIPE, LX_TO_PIPE
    int LX_WAKE, LX_SEND, LX_RECEIVE, LX_EPOLL, LX_EPOLL_MASKED, LX_EPOLL_CONTROL, LX_STAT, LX_LSTAT, LX_ACCESS, LX_ACCESSAT
    int LX_OPEN, LX_OPENAT, LX_CLOSE, LX_DUP, LX_INSIDE, LX_UMASK, LX_PARENT, LX_POLL, LX_PPOLL, LX_SELECT, LX_PSELECT
    int LX_FORK, LX_CLONE, LX_WAIT, LX_EXIT, LX_ROBUST
    void lx_set_quiet(int on)
    int lx_take_child() nogil
    void lx_forget_signals()
    int lx_fork()
    void lx_tell_parent(int on)
    unsigned lx_noted()
    uint64_t lx_note(unsigned i)
    void lx_clear_notes()
    int lx_translate(void *uc, uint64_t pc)
    void lx_await_child() nogil
    int lx_await(int fd, int writing) nogil
    int lx_await_guests(const void *guest, int count) nogil
    int lx_poll_fd(const void *fds, int i) nogil
    int lx_poll(void *fds, unsigned count) nogil
    int lx_lowest(uint64_t bits) nogil
    int lx_select(int count, uint64_t **guest, int anyway) nogil
    int LX_FEW
    int lx_waits(int fd) nogil
    int lx_has_timeout(int fd, int writing) nogil
    int lx_wait(int pid, int *status, int options, int *error) nogil
    int lx_stopped(int status) nogil
    void lx_enter_zone(void *word)
    void lx_leave_zone(void *word, const char *record, int pid)
    int lx_getpid "getpid" ()
    int lx_getppid "getppid" ()
    int lx_umask "umask" (int mask)
    int lx_yield "sched_yield" () nogil
    void lx_exit "_exit" (int status)
    void PyOS_BeforeFork()
    void PyOS_AfterFork_Parent()
    void PyOS_AfterFork_Child()
    PyObject *PyLong_FromLong(long value) except NULL
    PyObject *PyLong_FromUnsignedLong(unsigned long value) except NULL
    object PyObject_Vectorcall(object function, PyObject **arguments, size_t count, void *names)
    void Py_DECREF(PyObject *object)
    int WNOHANG, WUNTRACED
    int SIG_quiet "SIG.quiet"
    int LX_EAGAIN "EAGAIN", LX_ELOOP "ELOOP", LX_EXDEV "EXDEV", LX_ENOSYS "ENOSYS", LX_EOPNOTSUPP "EOPNOTSUPP", LX_EINTR "EINTR"
    int LX_SIGBUS "SIGBUS"
    int lx_catch(int number, int flags)
    int lx_dispose(int number, int ignore, int flags)
    uint64_t lx_mask(int set, uint64_t value)
    void lx_reset(int number)
    void lx_enter(void *uc, void *engine, uint64_t *state, uint64_t *pc) nogil
    uint64_t *CALL_seen "CALL.seen"
    void lx_serve_by(void *serve, void *code, void *writable)
    uint64_t (*CALL_flags "CALL.flags")(void *state) noexcept
    int lx_place_of(const uint64_t *state, uint64_t value)
    void lx_leave() nogil
    void lx_forget_engine(void *uc, uint64_t *state) nogil
    void lx_set_attention(int on) nogil
    void lx_set_wake(int reading, int writing) nogil
    void lx_drain_wake() nogil
    void lx_wake() nogil
    void lx_mask_of_helper(int on) nogil
    void lx_kick(int tid) nogil
    void lx_begin_wait() nogil
    void lx_end_wait() nogil
    uint32_t lx_compare_swap(void *at, uint32_t old, uint32_t value) nogil
    void lx_advance() nogil
    void lx_clear_bus() nogil
    int UC_open "UC.open" (int arch, int mode, void **uc)
    int UC_close "UC.close" (void *uc)
    int UC_map_ptr "UC.map_ptr" (void *uc, uint64_t address, size_t size, uint32_t perms, void *host)
    int UC_start "UC.start" (void *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)
    int UC_stop "UC.stop" (void *uc) nogil
    int UC_read_batch "UC.read_batch" (void *uc, int *ids, void **values, int count) nogil
    int UC_write_batch "UC.write_batch" (void *uc, int *ids, void **values, int count) nogil
    int UC_reg_read "UC.reg_read" (void *uc, int register, void *value)
    int UC_reg_write "UC.reg_write" (void *uc, int register, void *value)
    int UC_ctx_alloc "UC.ctx_alloc" (void *uc, void **context)
    int UC_ctx_save "UC.ctx_save" (void *uc, void *context)
    int UC_ctx_restore "UC.ctx_restore" (void *uc, void *context)
    int UC_ctx_free "UC.ctx_free" (void *context)
    unsigned SIG_head "SIG.head"
    unsigned SIG_tail "SIG.tail"
    int SIG_attention "SIG.attention"
    int SIG_running "SIG.running"
    int SIG_wake_fd "SIG.wake_fd"
    int SIG_lost "SIG.lost"
    int SIG_bus "SIG.bus"
    uint64_t SIG_bus_address "SIG.bus_address"
    siginfo_t SIG_ring "SIG.ring" [1024]

cdef enum:
    PROT_READ = 1
    PROT_WRITE = 2
    PROT_EXEC = 4
    VANISHING = 8
    PAGE = 4096
    UC_PERM_READ = 1
    UC_PERM_WRITE = 2
    UC_PERM_EXEC = 4
    MEM_READ = 16
    MEM_WRITE = 17
    MEM_FETCH = 18
    MEM_READ_UNMAPPED = 19
    MEM_WRITE_UNMAPPED = 20
    HOOK_INTR = 1
    HOOK_INSN = 2
    HOOK_UNMAPPED = 112
    HOOK_INVALID = 16384
    HOOK_TLB_FILL = 131072
    STOP_ATTENTION = 0
    STOP_FAULT = 1
    STOP_INTERRUPT = 2
    STOP_INVALID = 3
    SIGINFO_SIZE = 128
    RING = 1024
    LONGEST = 64
    PC_WORD = 7
    FLAGS_WORD = 8
    WORDS = 9
    MAX_RW_COUNT = 0x7FFFF000
    LATE_TICKS = 8
    STOP_SYSCALL = 100
    STOP_REFUSED = 101
    CONSTANT = 1
    AT_FDCWD = -100
    AT_SYMLINK_NOFOLLOW = 0x100
    AT_EMPTY_PATH = 0x1000
    PATH_MAX = 4096
    VALID_OPEN_FLAGS = 0o37777703
    O_CREAT = 0o100
    O_LARGEFILE = 0o100000
    O_DIRECTORY = 0o200000
    USUAL_OPEN_FLAGS = 0o2307503
    ALL_MODE_BITS = 0o7777
    STAT_SIZE = 144
    DIRECT_PLAIN = 1
    DIRECT_PIPE = 2
    DIRECT_SOCKET = 4
    DIRECT_EPOLL = 5
    MSG_DONTWAIT = 0x40
    MSG_NOSIGNAL = 0x4000
    EPOLL_EVENT_SIZE = 12
    EPOLL_CTL_ADD = 1
    EPOLL_CTL_DEL = 2
    EPOLL_CTL_MOD = 3
    MOST_EVENTS = 4096
    POLLFD_SIZE = 8
    MOST_POLLED = 1024
    SPAN_SIZE = 16
    DIRECT_METADATA = 3
    FUTEX_WAKE_PRIVATE = 129
    CLONE_CHILD_CLEARTID = 0x200000
    CLONE_CHILD_SETTID = 0x1000000
    LINUX_SIGCHLD = 17
    ROBUST_LIST_HEAD_SIZE = 24
    CALLS = 512
    UMASK_BITS = 0o777
    YIELDS = 16
    CROWD = 4096
    CROWDED_MISS = 10000
    MOST_GROWN = 5
    REGROW = 100_000_000
    FORBIDDEN_PORT = 256
    MANY_NOTES = 64
    FORBIDDEN_ENTER = 257

DIRECT_CALLS = {"read": LX_READ, "write": LX_WRITE, "pread": LX_PREAD, "pwrite": LX_PWRITE, "lseek": LX_LSEEK,
                "yield": LX_YIELD, "fstat": LX_FSTAT, "fstatat": LX_FSTATAT, "wake": LX_WAKE, "send": LX_SEND,
                "receive": LX_RECEIVE, "epoll": LX_EPOLL, "epoll masked": LX_EPOLL_MASKED, "epoll control": LX_EPOLL_CONTROL,
                "stat": LX_STAT, "lstat": LX_LSTAT, "access": LX_ACCESS, "accessat": LX_ACCESSAT, "open": LX_OPEN,
                "openat": LX_OPENAT, "close": LX_CLOSE, "dup": LX_DUP, "inside": LX_INSIDE, "umask": LX_UMASK,
                "parent": LX_PARENT, "poll": LX_POLL, "ppoll": LX_PPOLL, "select": LX_SELECT, "pselect": LX_PSELECT,
                "fork": LX_FORK, "clone": LX_CLONE, "wait": LX_WAIT, "exit": LX_EXIT, "robust": LX_ROBUST}
OF_THIS_KERNEL = frozenset(DIRECT_CALLS) - {"read", "write", "pread", "pwrite", "lseek", "yield", "wake", "send", "receive",
                                            "inside", "umask", "parent"}
"""Whose structures, errors or meaning are the guest's only on a host of its own kind."""
cdef uint64_t PHYSICAL_START = 0x10000
cdef uint64_t PATTERN = 0x5AFE_C0DE_0000_0000ull
cdef uint64_t PHYSICAL_END = 1ull << 47

cdef struct Range:
    uint64_t start
    uint64_t end
    uint64_t delta
    uint32_t prot


def _bind():
    path = os.fsencode(_library.path())
    lx_come_first()
    cdef void *library = lx_open(path)
    if library == NULL:
        raise ImportError(f"{os.fsdecode(path)} cannot be loaded")
    lx_find_own(library)
    for i in range(lx_functions()):
        if not lx_find(library, i):
            raise ImportError(f"{os.fsdecode(path)} lacks functions of Unicorn 2.1")


_bind()


def translated_accesses():
    """How many loads and stores have been translated without asking whether to stop: 0 if Unicorn translates all by itself."""
    return TCG_accesses


cdef class Held:
    """The writable memory of a Python object, which stays where it is while this lives."""

    cdef Py_buffer view
    cdef unsigned char *at

    def __cinit__(self, memory):
        PyObject_GetBuffer(memory, &self.view, PyBUF_WRITABLE)
        self.at = <unsigned char *>self.view.buf

    def __dealloc__(self):
        PyBuffer_Release(&self.view)


cdef class Context:
    """A thread's whole CPU state, saved by Engine.save."""

    cdef void *raw

    def __dealloc__(self):
        if self.raw != NULL:
            UC_ctx_free(self.raw)


cdef class Engine:
    """One CPU and the guest memory it sees. The interface is documented at lx.cpu.pure.Engine."""

    cdef void *uc
    cdef readonly object arch
    cdef Range *ranges
    cdef Py_ssize_t count, room, last
    # the running call
    cdef int *call_ids
    cdef uint64_t words[9]
    cdef void *word_ptrs[9]
    cdef int return_ids[4]
    cdef uint64_t return_words[4]
    cdef void *return_ptrs[4]
    # where Unicorn keeps these registers, if that is known: `learn`
    cdef uint64_t *state
    cdef int places[8]
    cdef int return_places[4]
    cdef int return_count
    # what stopped a run
    cdef int reason, protection_number, call_size
    cdef int have_fault
    cdef uint64_t fault_page, bus_page
    cdef readonly uint64_t fault_address
    cdef readonly int fault_access
    cdef readonly int interrupt
    cdef readonly bint bus
    cdef readonly uint64_t fills, flushes, calls
    # how the TLB grows: fills since it was last looked at, when that was (ns), and how often it has been flushed to grow
    cdef unsigned crowd, grown
    cdef int64_t crowd_since
    cdef bint crowded
    # dispatch
    cdef list table, handlers
    cdef object unknown, failed, traced
    cdef object thread, raised
    cdef int64_t *constants
    cdef uint8_t *served
    cdef Held direct_held, simple_held, members_held, claimed_held
    cdef unsigned char *direct
    cdef uint64_t direct_count
    cdef dict kinds
    cdef unsigned char *simple
    cdef int root_fd
    cdef bytes hidden
    cdef int refused, host_parent, parent
    cdef unsigned yields
    cdef uint64_t moved
    cdef bint alone
    cdef public int features
    cdef readonly uint64_t never_blocked
    cdef set watched
    cdef object on_write
    # forks without Python, and what the child of one remembers until Python is needed in it
    cdef bint forks, unsettled
    cdef object settle, entered, left
    cdef unsigned char *members
    cdef unsigned char *claimed
    cdef uint64_t members_at, marks_at, forked_at, called_at
    cdef int first
    cdef bytes records, ready
    cdef uint64_t child_tid, robust
    # preemption by counted blocks
    cdef bint counting
    cdef int64_t budget
    # the stack's room to grow
    cdef uint64_t grow_low, grow_high
    cdef object grow

    def __cinit__(self, arch):
        cdef int i
        self.arch = arch
        self.uc = NULL
        self.room = 256
        self.ranges = <Range *>malloc(self.room * sizeof(Range))
        self.constants = <int64_t *>calloc(CALLS, sizeof(int64_t))
        self.served = <uint8_t *>calloc(CALLS, 1)
        self.alone = True
        self.call_ids = <int *>malloc(WORDS * sizeof(int))
        if UC_open(arch.unicorn_arch, arch.unicorn_mode, &self.uc) != 0:
            raise RuntimeError("Unicorn does not know this architecture")
        if lx_tlb_virtual(self.uc) != 0 or lx_no_exits(self.uc) != 0 or UC_map_ptr(
                self.uc, PHYSICAL_START, PHYSICAL_END - PHYSICAL_START, 7, <void *>PHYSICAL_START) != 0:
            raise RuntimeError("Unicorn refuses the virtual TLB")
        lx_hook_plain(self.uc, HOOK_TLB_FILL, <void *>on_fill, <void *>self)
        lx_hook_refused(self.uc, HOOK_UNMAPPED, <void *>on_unmapped, <void *>self)
        lx_hook_plain(self.uc, HOOK_INTR, <void *>on_interrupt, <void *>self)
        lx_hook_plain(self.uc, HOOK_INVALID, <void *>on_invalid, <void *>self)
        lx_hook_insn(self.uc, HOOK_INSN, <void *>on_syscall, <void *>self, arch.syscall_instruction)
        self.protection_number = arch.protection_number
        self.never_blocked = 1 << LX_SIGBUS - 1
        self.call_size = arch.call_size
        self.bus_page = 1
        for name, hook in (("in", <size_t>&on_in), ("out", <size_t>&on_out), ("enter", <size_t>&on_enter)):
            if name in arch.forbidden_instructions:
                lx_hook_insn(self.uc, HOOK_INSN, <void *><size_t>hook, <void *>self, arch.forbidden_instructions[name])
        for i in range(7):
            self.call_ids[i] = arch.call_registers[i]
        self.call_ids[PC_WORD] = arch.pc
        self.call_ids[FLAGS_WORD] = arch.flags
        for i in range(WORDS):
            self.word_ptrs[i] = &self.words[i]
        self.return_count = len(arch.return_registers)
        for i in range(self.return_count):
            self.return_ids[i] = arch.return_registers[i]
            self.return_ptrs[i] = &self.return_words[i]
        lx_serve_by(<void *>on_syscall, <void *>code_of, <void *>may_be_written)
        arch.prepare(self)
        self.learn()
        if not TCG_first:
            _mend.make_stops_exact(_library.load(), arch.name)

    def __dealloc__(self):
        if self.uc != NULL:
            lx_forget_engine(self.uc, self.state)
            UC_close(self.uc)
        free(self.ranges)
        free(self.constants)
        free(self.served)
        free(self.call_ids)

    # ---- the registers of a call

    cdef int learn(self) except -1:
        """Find where Unicorn keeps the registers of a call, now that one has gone by, by writing to them."""
        cdef int i, least = 0
        cdef uint64_t flags = 0
        if CALL_seen == NULL or CALL_flags == NULL:
            return 0
        for i in range(PC_WORD + 1):
            self.places[i] = self.place_of(self.call_ids[i])
            least = min(least, self.places[i])
        for i in range(self.return_count):
            self.return_places[i] = self.place_of(self.return_ids[i])
            least = min(least, self.return_places[i])
        UC_reg_read(self.uc, self.call_ids[FLAGS_WORD], &flags)
        if least == 0 and CALL_flags(CALL_seen) == flags:
            self.state = CALL_seen
        return 0

    cdef int place_of(self, int register) noexcept:
        cdef uint64_t before = 0, value = PATTERN + <uint64_t>register
        cdef int place
        UC_reg_read(self.uc, register, &before)
        UC_reg_write(self.uc, register, &value)
        place = lx_place_of(CALL_seen, value)
        UC_reg_write(self.uc, register, &before)
        return place

    cdef inline void load(self) noexcept:
        """Number and arguments of the call that the registers are in."""
        cdef int i
        if self.state == NULL:
            UC_read_batch(self.uc, self.call_ids, self.word_ptrs, PC_WORD)
            return
        for i in range(PC_WORD):
            self.words[i] = self.state[self.places[i]]

    cdef inline void load_rest(self) noexcept:
        """Program counter and flags, which an answer needs too."""
        if self.state == NULL:
            UC_read_batch(self.uc, self.call_ids + PC_WORD, &self.word_ptrs[PC_WORD], WORDS - PC_WORD)
            return
        self.words[PC_WORD] = self.state[self.places[PC_WORD]]
        self.words[FLAGS_WORD] = CALL_flags(self.state)

    cdef inline uint64_t word(self, int i) noexcept:
        """One of them."""
        cdef uint64_t value = 0
        if self.state != NULL:
            return self.state[self.places[i]]
        UC_reg_read(self.uc, self.call_ids[i], &value)
        return value

    # ---- ranges: what a TLB miss is answered with

    cdef Py_ssize_t find(self, uint64_t address) noexcept nogil:
        """Index of the first range that ends above the address."""
        cdef Py_ssize_t low = 0, high = self.count, middle
        middle = self.last
        if middle < high and self.ranges[middle].start <= address < self.ranges[middle].end:
            return middle
        while low < high:
            middle = (low + high) >> 1
            if self.ranges[middle].end <= address:
                low = middle + 1
            else:
                high = middle
        self.last = low
        return low

    cdef Range *at(self, uint64_t address) noexcept nogil:
        cdef Py_ssize_t i = self.find(address)
        if i < self.count and self.ranges[i].start <= address:
            return &self.ranges[i]
        return NULL

    cdef Range *at_or_grow(self, uint64_t address) except? NULL:
        """As `at`, but a miss in the stack's room lets the stack grow first."""
        cdef Range *r = self.at(address)
        if r == NULL and self.unsettled and self.grow_low <= address < self.grow_high:
            self.settle_child()
        if r == NULL and self.grow_low <= address < self.grow_high and self.grow(address):
            r = self.at(address)
        return r

    def set_grow(self, grow):
        """grow(address) -> bool: called for a miss inside the grow window."""
        self.grow = grow

    def set_grow_window(self, uint64_t low, uint64_t high):
        """[low, high): where a miss may be the stack growing."""
        self.grow_low = low
        self.grow_high = high

    cdef void insert(self, Py_ssize_t i, uint64_t start, uint64_t end, uint64_t delta, uint32_t prot) except *:
        if self.count == self.room:
            self.room *= 2
            self.ranges = <Range *>realloc(self.ranges, self.room * sizeof(Range))
            if self.ranges == NULL:
                raise MemoryError
        memmove(&self.ranges[i + 1], &self.ranges[i], (self.count - i) * sizeof(Range))
        self.count += 1
        self.ranges[i].start = start
        self.ranges[i].end = end
        self.ranges[i].delta = delta
        self.ranges[i].prot = prot

    cdef bint clear(self, uint64_t start, uint64_t end) except -1:
        """Remove all of [start, end); say whether anything was there."""
        cdef Py_ssize_t i = self.find(start), j
        cdef Range first, final
        if i >= self.count or self.ranges[i].start >= end:
            return False
        j = i
        while j < self.count and self.ranges[j].start < end:
            j += 1
        first = self.ranges[i]
        final = self.ranges[j - 1]
        self.remove(i, j - i)
        if final.end > end:
            self.insert(i, end, final.end, final.delta, final.prot)
        if first.start < start:
            self.insert(i, first.start, start, first.delta, first.prot)
        return True

    def map_range(self, uint64_t start, uint64_t end, uint64_t host, uint32_t prot):
        cdef Py_ssize_t i
        cdef uint64_t delta = host - start
        if self.clear(start, end):
            self.flush_tlb()
        i = self.find(start)
        if i and self.ranges[i - 1].end == start and self.alike(i - 1, delta, prot):
            self.ranges[i - 1].end = end
            if i < self.count and self.ranges[i].start == end and self.alike(i, delta, prot):
                self.ranges[i - 1].end = self.ranges[i].end
                self.remove(i, 1)
        elif i < self.count and self.ranges[i].start == end and self.alike(i, delta, prot):
            self.ranges[i].start = start
        else:
            self.insert(i, start, end, delta, prot)

    cdef inline bint alike(self, Py_ssize_t i, uint64_t delta, uint32_t prot) noexcept nogil:
        return self.ranges[i].delta == delta and self.ranges[i].prot == prot

    cdef void remove(self, Py_ssize_t i, Py_ssize_t n) noexcept nogil:
        memmove(&self.ranges[i], &self.ranges[i + n], (self.count - i - n) * sizeof(Range))
        self.count -= n
        self.last = 0

    def unmap_range(self, uint64_t start, uint64_t end):
        if self.clear(start, end):
            self.flush_tlb()

    def ranges_list(self):
        return [(self.ranges[i].start, self.ranges[i].end, self.ranges[i].delta + self.ranges[i].start,
                 self.ranges[i].prot) for i in range(self.count)]

    def flush_tlb(self):
        self.flushes += 1
        self.crowd = 0
        if self.grown and lx_now() - self.crowd_since > REGROW:
            self.grown = 0
        lx_flush_tlb(self.uc)

    def flush_code(self):
        lx_flush_tb(self.uc)
        lx_flush_tlb(self.uc)

    def watch_writes(self, on_write):
        """Call on_write(page address) before the first write to each page from now on; None ends it."""
        self.on_write = on_write
        self.watched = set()
        self.flush_tlb()

    cdef int note_write(self, uint64_t start, uint64_t end) except -1:
        cdef uint64_t page = start & ~<uint64_t>(PAGE - 1)
        while page < end:
            if page not in self.watched:
                self.watched.add(page)
                self.on_write(page)
            page += PAGE
        return 0

    # ---- guest memory

    cdef Py_ssize_t piece(self, uint64_t address, uint64_t size, uint32_t need, Range **out) except -1:
        """Bytes at the address within one range that allows `need`; 0 if the first byte does not."""
        cdef Range *r = self.at_or_grow(address)
        if r == NULL or not r.prot & need:
            return 0
        out[0] = r
        if need == PROT_WRITE:
            if self.on_write is not None:
                self.note_write(address, min(address + size, r.end))
            if r.prot & PROT_EXEC:
                self.flush_code()
        return <Py_ssize_t>min(size, r.end - address)

    cdef int copy(self, char *buffer, uint64_t address, uint64_t size, bint writing) except -1:
        cdef Range *r
        cdef Py_ssize_t n
        cdef char *host
        if address + size < address:
            raise LinuxError(Errno.EFAULT)
        while size:
            n = self.piece(address, size, PROT_WRITE if writing else PROT_READ | PROT_WRITE | PROT_EXEC, &r)
            if n == 0:
                raise LinuxError(Errno.EFAULT)
            host = <char *>(address + r.delta)
            if r.prot & VANISHING:
                if lx_safe_copy(host if writing else buffer, buffer if writing else host, n, writing) != n:
                    raise LinuxError(Errno.EFAULT)
            elif writing:
                memcpy(host, buffer, n)
            else:
                memcpy(buffer, host, n)
            buffer += n
            address += n
            size -= n
        return 0

    def read(self, uint64_t address, uint64_t size):
        cdef bytes out
        if size > 1 << 40:
            raise LinuxError(Errno.EFAULT)
        if size > 1 << 20:
            self.require(address, size, PROT_READ | PROT_WRITE | PROT_EXEC)
        out = PyBytes_FromStringAndSize(NULL, size)
        self.copy(PyBytes_AS_STRING(out), address, size, False)
        return out

    cdef int require(self, uint64_t address, uint64_t size, uint32_t need) except -1:
        cdef Range *r
        cdef Py_ssize_t n
        while size:
            r = self.at_or_grow(address)
            if r == NULL or not r.prot & need:
                raise LinuxError(Errno.EFAULT)
            n = min(size, r.end - address)
            size -= n
            address += n
        return 0

    def write(self, address, data not None):
        cdef Py_buffer view
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            if view.len:
                self.copy(<char *>view.buf, PyLong_AsUnsignedLongLongMask(address), view.len, True)
        finally:
            PyBuffer_Release(&view)

    def u32(self, address):
        cdef uint32_t value
        self.copy(<char *>&value, PyLong_AsUnsignedLongLongMask(address), 4, False)
        return value

    def u64(self, address):
        cdef uint64_t value
        self.copy(<char *>&value, PyLong_AsUnsignedLongLongMask(address), 8, False)
        return value

    def put_u32(self, address, value):
        cdef uint32_t word = <uint32_t>PyLong_AsUnsignedLongLongMask(value)
        self.put(<char *>&word, PyLong_AsUnsignedLongLongMask(address), 4)

    def put_u64(self, address, value):
        cdef uint64_t word = PyLong_AsUnsignedLongLongMask(value)
        self.put(<char *>&word, PyLong_AsUnsignedLongLongMask(address), 8)

    cdef int put(self, char *word, uint64_t address, uint64_t size) except -1:
        """One store: across two pages, of which the second is bad, nothing of it is done."""
        if (address & 4095) + size > 4096:
            self.require(address, size, PROT_WRITE)
        self.copy(word, address, size, True)
        return 0

    def compare_swap(self, uint64_t address, uint32_t old, uint32_t value):
        """Write the value if the word is `old`, in one step for all processes that share it; what it was. EFAULT."""
        cdef Range *r
        self.u32(address)
        if self.piece(address, 4, PROT_WRITE, &r) < 4:
            raise LinuxError(Errno.EFAULT)
        return lx_compare_swap(<void *>(address + r.delta), old, value)

    def share_memory(self):
        """From now on other host processes see this one's stores: locked instructions must be atomic for them."""
        if not _locked.make_atomic(_library.load(), self.arch.name):
            raise OSError(95, "this Unicorn cannot make atomic instructions atomic for other processes")
        self.flush_code()

    def cstring(self, uint64_t address, uint64_t limit):
        """The bytes before the first NUL, or `limit` bytes if there is none among them. EFAULT."""
        cdef Range *r
        cdef Py_ssize_t n
        cdef char *host
        cdef char *nul
        cdef char page[4096]
        cdef ssize_t length
        cdef bytes text = b""
        while limit:
            n = self.piece(address, limit, PROT_READ | PROT_WRITE | PROT_EXEC, &r)
            if n == 0:
                raise LinuxError(Errno.EFAULT)
            if r.prot & VANISHING:
                n = min(n, PAGE - <Py_ssize_t>(address & (PAGE - 1)))
                length = lx_text(page, <char *>(address + r.delta), n)
                if length < 0:
                    raise LinuxError(Errno.EFAULT)
                text += PyBytes_FromStringAndSize(page, length)
                if length < n:
                    return text
            else:
                host = <char *>(address + r.delta)
                nul = <char *>memchr(host, 0, n)
                if nul != NULL:
                    part = PyBytes_FromStringAndSize(host, nul - host)
                    return text + part if text else part
                text += PyBytes_FromStringAndSize(host, n)
            address += n
            limit -= n
        return text

    def readable(self, uint64_t address, uint64_t size):
        return self.views(address, size, PROT_READ | PROT_WRITE | PROT_EXEC, PyBUF_READ)

    def writable(self, uint64_t address, uint64_t size):
        return self.views(address, size, PROT_WRITE, PyBUF_WRITE)

    cdef list views(self, uint64_t address, uint64_t size, uint32_t need, int mode):
        cdef list out = []
        cdef Range *r
        cdef Py_ssize_t n
        if address + size < address:
            size = 0 - address
        size = min(size, MAX_RW_COUNT)
        while size:
            n = self.piece(address, size, need, &r)
            if n == 0:
                if not out:
                    raise LinuxError(Errno.EFAULT)
                break
            out.append(PyMemoryView_FromMemory(<char *>(address + r.delta), n, mode))
            address += n
            size -= n
        return out

    # ---- registers

    def read_registers(self, tuple ids not None):
        cdef int names[LONGEST]
        cdef uint64_t values[LONGEST]
        cdef void *ptrs[LONGEST]
        cdef int i, n = len(ids)
        if n > LONGEST:
            raise ValueError("too many registers")
        for i in range(n):
            names[i] = <int>PyLong_AsLong(ids[i])
            values[i] = 0
            ptrs[i] = &values[i]
        UC_read_batch(self.uc, names, ptrs, n)
        return [values[i] for i in range(n)]

    def write_registers(self, tuple ids not None, values):
        cdef int names[LONGEST]
        cdef uint64_t words[LONGEST]
        cdef void *ptrs[LONGEST]
        cdef tuple given = tuple(values)
        cdef int i, n = len(ids)
        if n > LONGEST:
            raise ValueError("too many registers")
        if len(given) != n:
            raise ValueError("a value for each register")
        for i in range(n):
            names[i] = <int>PyLong_AsLong(ids[i])
            words[i] = PyLong_AsUnsignedLongLongMask(given[i])
            ptrs[i] = &words[i]
        UC_write_batch(self.uc, names, ptrs, n)

    def read_vectors(self, tuple ids not None):
        cdef bytes out = PyBytes_FromStringAndSize(NULL, 16 * len(ids))
        cdef char *slots = PyBytes_AS_STRING(out)
        memset(slots, 0, 16 * len(ids))
        self.batch_vectors(ids, slots, False)
        return out

    def write_vectors(self, tuple ids not None, bytes values not None):
        if len(values) != 16 * len(ids):
            raise ValueError("16 bytes for each register")
        self.batch_vectors(ids, PyBytes_AS_STRING(values), True)

    cdef int batch_vectors(self, tuple ids, char *slots, bint writing) except -1:
        cdef int names[LONGEST]
        cdef void *ptrs[LONGEST]
        cdef int i, n = len(ids)
        if n > LONGEST:
            raise ValueError("too many registers")
        for i in range(n):
            names[i] = <int>PyLong_AsLong(ids[i])
            ptrs[i] = slots + 16 * i
        if writing:
            UC_write_batch(self.uc, names, ptrs, n)
        else:
            UC_read_batch(self.uc, names, ptrs, n)
        return 0

    def register(self, int name):
        cdef uint64_t value = 0
        UC_reg_read(self.uc, name, &value)
        return value

    def set_register(self, int name, value):
        cdef uint64_t word = PyLong_AsUnsignedLongLongMask(value)
        UC_reg_write(self.uc, name, &word)

    def save(self, Context context=None):
        if context is None:
            context = Context()
            if UC_ctx_alloc(self.uc, &context.raw) != 0:
                raise MemoryError
        UC_ctx_save(self.uc, context.raw)
        return context

    def restore(self, Context context not None):
        UC_ctx_restore(self.uc, context.raw)

    # ---- dispatch

    def set_table(self, list table not None, unknown, failed, traced, list handlers=None):
        """table[number](thread, a0..a5); unknown(thread, number, a0..a5); failed(thread, exception) -> result or None;
        traced(thread, number, a0..a5) replaces all when `features` is not 0. handlers[number], if it is not None: a function to
        be called in the table's stead, and how its arguments decode (struct's i, I, q, Q)."""
        self.handlers = [None] * len(table) if handlers is None else handlers
        self.table = table
        self.unknown = unknown
        self.failed = failed
        self.traced = traced

    def set_constant(self, Py_ssize_t number, value):
        """Answer this call with a constant and no Python; None ends it."""
        if 0 <= number < CALLS:
            self.served[number] = CONSTANT if value is not None else 0
            if value is not None:
                self.constants[number] = value

    def set_direct(self, Py_ssize_t number, str how not None):
        """This call may be carried out on direct descriptors without Python; how: a key of DIRECT_CALLS."""
        if how in OF_THIS_KERNEL and self.arch.kernel != tuple(os.uname()[::4]):
            return
        if 0 <= number < CALLS:
            self.served[number] = DIRECT_CALLS[how]

    def set_direct_descriptors(self, direct not None, dict kinds not None):
        """What may be done directly on each descriptor, and what is known of them otherwise."""
        self.direct_held, self.kinds = Held(direct), kinds
        self.direct, self.direct_count = self.direct_held.at, self.direct_held.view.len

    def set_places(self, simple not None, int root_fd, bytes hidden not None):
        """Where one openat2 is as good as the walk: see lx.cpu.pure.Engine."""
        self.simple_held, self.root_fd, self.hidden = Held(simple), root_fd, hidden
        self.simple = self.simple_held.at

    def set_alone(self, bint alone):
        """Whether the thread on the CPU is the only one, so that its yielding is nobody's business but the host's."""
        self.alone = alone

    def set_parent(self, int host, int guest):
        """The parent on the host, and its pid for the guest."""
        self.host_parent, self.parent = host, guest

    def set_zone(self, members, claimed, tuple places not None, int first, bytes records not None, entered, left):
        """Where the zone's processes are told of: see lx.cpu.pure.Engine."""
        self.members_held, self.claimed_held = Held(members), Held(claimed)
        self.members, self.claimed = self.members_held.at, self.claimed_held.at
        self.members_at, self.marks_at, self.forked_at, self.called_at = places
        self.first, self.records, self.entered, self.left = first, records, entered, left

    def set_forks(self, settle):
        """Forks may be direct; settle(child_tid, robust_list) comes before all else of Python in a child. None: no more."""
        self.settle = settle
        self.forks = settle is not None

    def set_quiet_children(self, bint on):
        """Whether a child's change is no signal for anybody."""
        lx_set_quiet(on)

    def take_child(self):
        """Whether a child has changed that was no signal, since this was asked last."""
        return lx_take_child() != 0

    cdef void *member(self, int pid) noexcept:
        """The word of a process in the zone's registry; NULL if its page has not been claimed."""
        cdef uint64_t at = self.members_at + 8 * <uint64_t>pid
        return &self.members[at] if self.claimed[at // PAGE] else NULL

    def set_ready(self, bytes calls not None):
        """What children have needed is here: adapters of these calls, and now the blocks that they had to translate."""
        cdef unsigned i
        self.ready = calls
        lx_enter(self.uc, <void *>self, self.state, self.state + self.places[PC_WORD])
        for i in range(lx_noted()):
            if self.is_code(lx_note(i)):
                lx_translate(self.uc, lx_note(i))
        lx_leave()
        lx_clear_notes()

    cdef bint is_code(self, uint64_t address) noexcept:
        """Whether this page and the next can be translated from: nothing may fail while Unicorn is not running."""
        cdef uint64_t page = address & ~<uint64_t>(PAGE - 1)
        cdef Range *r
        cdef int i
        for i in range(2):
            page += i * PAGE
            r = self.at(page)
            if r == NULL or r.prot & (PROT_EXEC | PROT_WRITE) != PROT_EXEC or lx_byte(<char *>(page + r.delta)) < 0:
                return False
        return True

    def tell_parent(self, bint on):
        """Whether this process, if it is a child, runs the code that its parent has."""
        lx_tell_parent(on)

    cdef bint prepared(self) noexcept:
        """Whether a child has nothing to say of itself that this process says, and nothing to look for that others needed."""
        cdef uint64_t at = self.marks_at + lx_getpid()
        return (lx_noted() < MANY_NOTES and self.claimed[at // PAGE] and self.members[at] == 0 and self.ready is not None
                and memcmp(PyBytes_AS_STRING(self.ready), &self.members[self.called_at], len(self.ready)) == 0)

    cdef int settle_child(self) except -1:
        self.unsettled = False
        PyOS_AfterFork_Child()
        self.settle(self.child_tid, self.robust)
        return 0

    def run(self, thread):
        """Run until something happens that is not a system call; which, is a lx.cpu.arch.Stop."""
        cdef int error, late = 0
        cdef uint64_t pc = 0, number
        cdef bint pc_known = False
        self.thread = thread
        while True:
            if SIG_attention:
                lx_set_attention(0)
                return STOP_ATTENTION
            self.reason = -1
            if not pc_known:
                pc = self.word(PC_WORD)
            lx_enter(self.uc, <void *>self, self.state, self.state + self.places[PC_WORD])
            error = UC_start(self.uc, pc, 0xFFFFFFFFFFFFFFFFull, 0, 0)
            lx_leave()
            if self.unsettled:
                self.settle_child()
            if self.reason == STOP_SYSCALL:
                self.load()
                self.load_rest()
                self.calls += 1
                number = self.words[0] = <uint32_t>self.words[0]
                pc = self.words[PC_WORD]
                pc_known = True
                late = 0
                pc_known = self.call(thread, number)
                continue
            if self.reason == STOP_REFUSED:
                self.load()
                self.load_rest()
                self.words[0] = <uint32_t>self.words[0]
                late = 0
                pc_known = False
                result = self.failed(thread, self.take_raised())
                if result is not None:
                    self.answer(<int64_t>PyLong_AsUnsignedLongLongMask(result))
                continue
            pc_known = False
            if self.crowded:
                self.crowded = False
                lx_flush_tlb(self.uc)
                if self.reason < 0 and not self.have_fault and not error:
                    continue
            if self.have_fault:
                self.have_fault = 0
                lx_refused(NULL)
                lx_flush_tlb(self.uc)
                if self.reason < 0:
                    return STOP_FAULT
            if self.reason >= 0:
                return self.reason
            if error == 10:
                return STOP_INVALID
            if error == 21:
                self.interrupt = self.protection_number
                return STOP_INTERRUPT
            if error:
                raise RuntimeError(f"Unicorn stopped with error {error}")
            # stopped from outside, or an exception that has no hook
            if not SIG_attention:
                if TICKER_alive and late < LATE_TICKS:
                    late += 1
                    continue
                self.interrupt = self.protection_number
                return STOP_INTERRUPT

    cdef inline void answer(self, int64_t result) noexcept:
        cdef int i
        self.return_words[0] = <uint64_t>result
        self.return_words[1] = self.words[PC_WORD]
        self.return_words[2] = self.words[FLAGS_WORD]
        if self.state == NULL:
            UC_write_batch(self.uc, self.return_ids, self.return_ptrs, self.return_count)
            return
        for i in range(self.return_count):
            self.state[self.return_places[i]] = self.return_words[i]

    cdef object take_raised(self):
        """What a call inside the run has met, if `call` would have caught it too."""
        raised, self.raised = self.raised, None
        if raised is None:
            return OSError(self.refused, "the host refused a direct call")
        if not isinstance(raised, Exception):
            raise raised
        return raised

    cdef bint call(self, thread, uint64_t number) except -1:
        """One system call through Python; False if the handler has set the registers itself."""
        cdef object result
        cdef uint64_t *w = self.words
        try:
            if self.moved:
                moved, self.moved = self.moved, 0
                raise thread.moved(moved)
            if self.features:
                result = self.traced(thread, number, w[1], w[2], w[3], w[4], w[5], w[6])
            elif number < <uint64_t>len(self.table):
                entry = self.handlers[number]
                if entry is None:
                    result = (<object>self.table[number])(thread, w[1], w[2], w[3], w[4], w[5], w[6])
                else:
                    result = decoded(thread, <tuple>entry, w)
            else:
                result = self.unknown(thread, number, w[1], w[2], w[3], w[4], w[5], w[6])
        except Exception as error:
            result = self.failed(thread, error)
        if result is None:
            return False
        self.answer(<int64_t>PyLong_AsUnsignedLongLongMask(result))
        return True

    def step_to_call(self):
        """Run to the next system call and serve nothing: how an architecture's `prepare` uses the CPU."""
        self.reason = -1
        if UC_start(self.uc, self.word(PC_WORD), 0xFFFFFFFFFFFFFFFFull, 0, 0) != 0 or self.reason != STOP_SYSCALL:
            self.have_fault = 0
            lx_refused(NULL)
            raise RuntimeError("the CPU did not reach a system call")

    def reload_call(self):
        """Read the words of the call that the registers are in again, after another thread has had the CPU."""
        self.load()
        self.load_rest()
        self.words[0] = <uint32_t>self.words[0]
        return self.call_words()

    def call_words(self):
        """Number and arguments of the call being served, and the program counter after it."""
        return tuple([self.words[i] for i in range(8)])

    def answer_call(self, result):
        """Give a parked call its result now."""
        self.answer(<int64_t>PyLong_AsUnsignedLongLongMask(result))

    def stop_run(self):
        """Make `run` come back with Stop.ATTENTION at its next turn."""
        lx_set_attention(1)

    # ---- preemption

    def set_ticks(self, long period):
        """Stop the run (Stop.ATTENTION, `take_tick` says yes) every so many nanoseconds; 0 ends it."""
        if lx_set_ticks(period):
            raise OSError(11, "no host thread for the ticks")

    def set_budget(self, int64_t blocks):
        """Tick after so many blocks of guest code have been entered, counted from now. What can be repeated is counted so."""
        if not self.counting:
            self.counting = True
            lx_hook_block(self.uc, <void *>on_block, <void *>self)
            self.flush_code()
        self.budget = blocks

    def take_tick(self):
        """Whether there was a tick since this was asked last."""
        return lx_take_tick() != 0

    # ---- host signals

    def catch_signal(self, int number, int flags):
        """Queue this host signal for the guest. flags: the host's SA_NOCLDSTOP, SA_NOCLDWAIT."""
        return lx_catch(number, flags)

    def default_signal(self, int number, int flags):
        return lx_dispose(number, 0, flags)

    def ignore_signal(self, int number, int flags):
        return lx_dispose(number, 1, flags)

    def reset_signal(self, int number):
        """Give the signal its default action and block every other: the process is about to die of it."""
        lx_reset(number)

    def signal_mask(self):
        """The host's mask, bit n-1 for signal n."""
        return lx_mask(0, 0)

    def set_signal_mask(self, mask):
        """Set the host's mask."""
        lx_mask(1, PyLong_AsUnsignedLongLongMask(mask))

    def begin_wait(self, background):
        """A host call that may wait follows, after a look at signals: one that is caught from now on will end it."""
        lx_begin_wait()

    def end_wait(self):
        """The call is over."""
        lx_end_wait()

    def set_wake(self, int reading, int writing):
        lx_set_wake(reading, writing)

    def wake(self):
        """Write to the wake pipe, as a signal that is caught does."""
        lx_wake()

    def start_helper(self, work, *arguments):
        """A host thread that makes calls that wait: no signal is its business but a kick, from its first moment on."""
        lx_mask_of_helper(1)
        try:
            _thread.start_new_thread(work, arguments)
        finally:
            lx_mask_of_helper(0)

    def kick(self, int tid):
        """Have the call that a helper waits in end with EINTR, if it is in one."""
        lx_kick(tid)

    def drain(self):
        """The siginfo (128 bytes each, host layout) of signals caught since the last call, in order."""
        cdef list out = []
        lx_drain_wake()
        while SIG_tail != SIG_head:
            out.append(PyBytes_FromStringAndSize(<char *>&SIG_ring[SIG_tail % RING], SIGINFO_SIZE))
            lx_advance()
        return out

    def forget_signals(self):
        """Drop what was caught: a forked child has none of its parent's signals pending."""
        lx_forget_signals()

    def take_bus(self):
        """The guest address of a SIGBUS that hit the emulator inside a run, or None."""
        cdef Py_ssize_t i
        cdef uint64_t address
        if not SIG_bus:
            return None
        lx_clear_bus()
        for i in range(self.count):
            address = SIG_bus_address - self.ranges[i].delta
            if self.ranges[i].start <= address < self.ranges[i].end:
                return address
        return 0


cdef bint on_fill(void *uc, uint64_t address, int kind, TlbEntry *entry, void *data) noexcept:
    cdef Engine self = <Engine>data
    cdef Range *r
    cdef uint32_t need, prot
    cdef char probe
    self.fills += 1
    self.crowd += 1
    if self.crowd == CROWD:
        crowd(self)
    r = self.at_or_grow(address)
    need = PROT_WRITE if kind == MEM_WRITE else PROT_EXEC if kind == MEM_FETCH else PROT_READ
    if r != NULL:
        prot = r.prot
        if prot & (PROT_WRITE | PROT_EXEC):
            prot |= PROT_READ
        # A fetch from a page that may not be executed brings the page in first, on x86: it can be a bus error.
        if prot & VANISHING and prot & (need if need != PROT_EXEC else PROT_READ) and lx_safe_copy(
            &probe, <void *>(address + r.delta), 1, 0
        ) != 1:
            self.bus_page = address & ~<uint64_t>(PAGE - 1)
            return fault(self, address, entry)
        if prot & need:
            if self.on_write is not None and prot & PROT_WRITE:
                if need == PROT_WRITE:
                    self.note_write(address, address + 1)
                elif (address & ~<uint64_t>(PAGE - 1)) not in self.watched:
                    prot &= ~PROT_WRITE
            entry.paddr = address + r.delta
            entry.perms = prot & 7
            return True
    if self.bus_page == address & ~<uint64_t>(PAGE - 1):
        self.bus_page = 1
    return fault(self, address, entry)


cdef void crowd(Engine self) noexcept:
    """So many misses: if they have come fast, the TLB is too small. Unicorn doubles one that is nearly full when it is flushed,
    which a program that does not change its mappings never has done; a run is left for that. It starts with 256 entries.
    Never while blocks are counted: a stop counts one twice, and what comes fast is the host's matter, so no run would repeat.
    """
    cdef int64_t now = lx_now()
    cdef bint fast = now - self.crowd_since < CROWD * CROWDED_MISS
    self.crowd, self.crowd_since = 0, now
    if fast and self.grown < MOST_GROWN and not self.counting:
        self.grown += 1
        self.crowded = True
        UC_stop(self.uc)


cdef inline bint fault(Engine self, uint64_t address, TlbEntry *entry) noexcept:
    self.fault_page = address & ~<uint64_t>(PAGE - 1)
    entry.paddr = 0
    entry.perms = 7
    return True


cdef object decoded(thread, tuple entry, uint64_t *w):
    """Call a handler with its arguments: what an adapter does, without a frame, and without numbers that nobody asks for."""
    cdef PyObject *arguments[7]
    cdef bytes letters = <bytes>entry[1]
    cdef Py_ssize_t i, count = len(letters)
    cdef char letter
    cdef object result
    arguments[0] = <PyObject *>thread
    for i in range(count):
        letter = PyBytes_AS_STRING(letters)[i]
        if letter == c"i":
            arguments[i + 1] = PyLong_FromLong(<int32_t>w[i + 1])
        elif letter == c"q":
            arguments[i + 1] = PyLong_FromLong(<int64_t>w[i + 1])
        else:
            arguments[i + 1] = PyLong_FromUnsignedLong(<uint32_t>w[i + 1] if letter == c"I" else w[i + 1])
    try:
        return PyObject_Vectorcall(<object>entry[0], arguments, count + 1, NULL)
    finally:
        for i in range(count):
            Py_DECREF(arguments[i + 1])


cdef bint on_unmapped(void *uc, int kind, uint64_t address, int size, int64_t value, void *data) noexcept:
    cdef Engine self = <Engine>data
    if not self.have_fault:
        self.have_fault = 1
        if kind == MEM_WRITE_UNMAPPED:
            lx_refused(uc)
        self.fault_address = self.fault_page | (address & (PAGE - 1))
        self.fault_access = kind - MEM_READ_UNMAPPED
        self.bus = self.bus_page == self.fault_page
    return False


cdef bint carry_out(Engine self, int how) noexcept:
    """A call on a direct descriptor and memory of one range, inside the run; False: the run has to be left for it.

    What the host refuses goes through the choke point like a handler's OSError. Memory that may hold code, or whose writes are
    watched, is left to the handler.
    """
    cdef uint64_t *w = self.words
    cdef uint64_t fd = 0
    cdef int64_t result
    cdef void *host = NULL
    cdef Range *r
    if how >= LX_UMASK:
        return carry_out_fact(self, how)
    if how == LX_YIELD or how == LX_WAKE:
        if not self.alone:
            return False
        if how == LX_YIELD:
            self.yields += 1
            if self.yields % YIELDS == 0:
                lx_yield()
            return served(self, 0)
    else:
        fd = <uint32_t>self.word(1)
        if fd >= self.direct_count or not self.direct[fd]:
            return False
    self.load()
    if how == LX_CLOSE or how == LX_DUP:
        return carry_out_descriptor(self, how, <int>fd)
    if how == LX_WAKE:
        if <uint32_t>w[2] != FUTEX_WAKE_PRIVATE or w[1] & 3 or self.at(w[1]) == NULL:
            return False
        return served(self, 0)
    if how == LX_EPOLL or how == LX_EPOLL_MASKED and not w[5]:
        return self.direct[fd] == DIRECT_EPOLL and carry_out_epoll(self, <int>fd)
    if how == LX_EPOLL_MASKED:
        return False
    if how == LX_EPOLL_CONTROL:
        return self.direct[fd] == DIRECT_EPOLL and carry_out_epoll_control(self, <int>fd)
    if how == LX_SEND or how == LX_RECEIVE:
        if self.direct[fd] != DIRECT_SOCKET or w[5] or <uint32_t>w[4] & ~<uint32_t>(MSG_DONTWAIT | MSG_NOSIGNAL):
            return False
    elif how != LX_FSTAT and how != LX_FSTATAT and self.direct[fd] != DIRECT_PLAIN:
        if self.direct[fd] != DIRECT_PIPE and self.direct[fd] != DIRECT_SOCKET or how != LX_READ and how != LX_WRITE:
            return False
        how = LX_FROM_PIPE if how == LX_READ else LX_TO_PIPE
    if how == LX_FSTATAT:
        if <uint32_t>w[4] != AT_EMPTY_PATH:
            return False
        r = self.at(w[2])
        if r == NULL or not r.prot & (PROT_READ | PROT_WRITE | PROT_EXEC):
            return False
        if lx_byte(<char *>(w[2] + r.delta)) != 0:
            return False
        w[2], w[4], how = w[3], 0, LX_FSTAT
    if how == LX_FSTAT:
        w[3] = STAT_SIZE
    if how == LX_LSEEK:
        w[3] = <uint32_t>w[3]
        if w[3] > 2:
            return False
        w[4] = w[2]
    else:
        r = self.at(w[2])
        if r == NULL or w[3] - 1 >= MAX_RW_COUNT or w[3] > r.end - w[2]:
            return False
        if how == LX_READ or how == LX_PREAD or how == LX_FSTAT or how == LX_FROM_PIPE or how == LX_RECEIVE:
            if r.prot & (PROT_WRITE | PROT_EXEC) != PROT_WRITE or self.on_write is not None:
                return False
        elif not r.prot & (PROT_READ | PROT_WRITE | PROT_EXEC):
            return False
        if (how == LX_PREAD or how == LX_PWRITE) and <int64_t>w[4] < 0:
            return False
        host = <void *>(w[2] + r.delta)
    if how >= LX_FROM_PIPE:
        return carry_out_stream(self, how, <int>fd, <char *>host, w[3])
    result = lx_direct(how, <int>fd, host, w[3], <int64_t>w[4], &self.refused)
    return refuse(self) if result < 0 else served(self, result)


cdef inline bint carry_out_fact(Engine self, int how) noexcept:
    """umask, which is the host process's, and getppid, if the parent is the one that Python has told of."""
    if how == LX_UMASK:
        return served(self, lx_umask(<int>(self.word(1) & UMASK_BITS)))
    return lx_getppid() == self.host_parent and served(self, self.parent)


cdef inline bint is_polled(Engine self, int fd) noexcept:
    """Whether the host's poll says of this descriptor what the guest is to hear."""
    return <uint64_t>fd < self.direct_count and self.direct[fd] and self.direct[fd] != DIRECT_METADATA


cdef bint at_once_or_for_ever(Engine self, uint64_t address, bint *at_once) noexcept:
    """Which of the two a timespec or timeval means; False if it is neither, or cannot be told. Both leave it as it is."""
    cdef uint64_t *span
    at_once[0] = address != 0
    if address == 0:
        return True
    span = <uint64_t *>plain(self, address, SPAN_SIZE)
    return span != NULL and not span[0] and not span[1]


cdef bint carry_out_select(Engine self, int how) noexcept:
    """select, and pselect6 without a mask, that find something or shall not wait."""
    cdef uint64_t *w = self.words
    cdef uint64_t *sets[3]
    cdef uint64_t *mask
    cdef uint64_t bits
    cdef int count, i, j, found
    cdef bint at_once
    if self.on_write is not None:
        return False
    self.load()
    count = <int><uint32_t>w[1]
    if not 0 < count <= MOST_POLLED or not at_once_or_for_ever(self, w[5], &at_once):
        return False
    if how == LX_PSELECT and w[6]:
        mask = <uint64_t *>plain(self, w[6], SPAN_SIZE)
        if mask == NULL or mask[0]:
            return False
    for i in range(3):
        sets[i] = NULL
        if w[2 + i] == 0:
            continue
        sets[i] = <uint64_t *>plain(self, w[2 + i], (count + 63) // 64 * 8)
        if sets[i] == NULL:
            return False
        for j in range(0, count, 64):
            bits = sets[i][j // 64] & (<uint64_t>-1 if count - j >= 64 else (1ull << (count - j)) - 1)
            while bits:
                if not is_polled(self, j + lx_lowest(bits)):
                    return False
                bits &= bits - 1
    found = lx_select(count, sets, at_once)
    return (found > 0 or found == 0 and at_once) and served(self, found)


cdef bint carry_out_poll(Engine self, int how) noexcept:
    """poll, and ppoll without a mask, on pipes, sockets, epoll sets and what never waits; a thread that is alone waits here, unless
    for a time that ends."""
    cdef uint64_t *w = self.words
    cdef int timeout, found, i, fd
    cdef uint32_t count
    cdef void *fds
    cdef bint ready, at_once
    if self.on_write is not None:
        return False
    self.load()
    count, timeout = <uint32_t>w[2], <int><uint32_t>w[3]
    if how == LX_PPOLL:
        if w[4] or not at_once_or_for_ever(self, w[3], &at_once):
            return False
        timeout = 0 if at_once else -1
    if not 0 < count <= MOST_POLLED:
        return False
    fds = plain(self, w[1], <uint64_t>count * POLLFD_SIZE)
    if fds == NULL:
        return False
    for i in range(<int>count):
        fd = lx_poll_fd(fds, i)
        if fd >= 0 and not is_polled(self, fd):
            return False
    while True:
        found = lx_poll(fds, count)
        if found < 0:
            return False
        if found or not timeout:
            return served(self, found)
        if timeout > 0 or count > <uint32_t>LX_FEW or not may_wait(self):
            return False
        with nogil:
            ready = lx_await_guests(fds, <int>count)
        if not ready:
            return False


cdef bint may_be_empty(Engine self) noexcept:
    """Whether the flags of newfstatat say that the path may be empty."""
    return self.word(4) & AT_EMPTY_PATH != 0


cdef bint carry_out_place(Engine self, int how) noexcept:
    """stat, access, open and their relatives where one openat2 is as good as the walk, of a thread that is alone."""
    cdef uint64_t *w = self.words
    cdef int directory = AT_FDCWD, first = 1, mode = 0
    cdef uint64_t flags = HOST_PATH
    cdef void *metadata = NULL
    if not self.alone or self.simple == NULL or not (self.simple[0] or self.simple[1]) or self.on_write is not None:
        return False
    self.load()
    if how == LX_FSTATAT or how == LX_ACCESSAT or how == LX_OPENAT:
        directory, first = <int><uint32_t>w[1], 2
    if how == LX_OPEN or how == LX_OPENAT:
        flags = w[first + 1] & VALID_OPEN_FLAGS & ~<uint64_t>O_LARGEFILE
        if flags & ~<uint64_t>USUAL_OPEN_FLAGS or flags & 3 == 3 or flags & O_CREAT and flags & O_DIRECTORY:
            return False
        mode = w[first + 2] & ALL_MODE_BITS if flags & O_CREAT else 0
    elif how == LX_ACCESS or how == LX_ACCESSAT:
        mode = <int><uint32_t>w[first + 1]
        if mode & ~7:
            return False
    else:
        metadata = plain(self, w[first + 1], STAT_SIZE)
        if metadata == NULL or how == LX_FSTATAT and <uint32_t>w[4] & ~<uint32_t>AT_SYMLINK_NOFOLLOW:
            return False
        if how == LX_LSTAT or how == LX_FSTATAT and w[4] & AT_SYMLINK_NOFOLLOW:
            flags |= HOST_NOFOLLOW
    return ask_host(self, how, directory, w[first], flags, mode, metadata)


cdef bint ask_host(Engine self, int how, int directory, uint64_t address, uint64_t flags, int mode, void *metadata) noexcept:
    """The host's answer about a path, unless it takes a walk to find it."""
    cdef char path[4096]
    cdef char *relative = path
    cdef Range *r = self.at(address)
    cdef ssize_t length, room
    cdef int fd, opened = how == LX_OPEN or how == LX_OPENAT
    if r == NULL or not r.prot & (PROT_READ | PROT_WRITE | PROT_EXEC):
        return False
    room = <ssize_t>min(<uint64_t>PATH_MAX, r.end - address)
    length = lx_text(path, <char *>(address + r.delta), room)
    if not 0 < length < room or not lx_is_simple(path, PyBytes_AS_STRING(self.hidden)):
        return False
    if path[0] == c"/":
        while relative[0] == c"/":
            relative += 1
        directory = self.root_fd
        if not relative[0] or not self.simple[0]:
            return False
    elif directory == AT_FDCWD:
        if not self.simple[1]:
            return False
    elif <uint32_t>directory >= self.direct_count or not self.direct[directory]:
        return False
    if opened:  # perhaps a FIFO, which waits
        if not may_wait(self):
            return False
        with nogil:
            fd = lx_open_exactly(directory, relative, flags, mode)
    else:
        fd = lx_open_exactly(directory, relative, flags, 0)
    if fd < 0:
        return False if errno in (LX_ELOOP, LX_EXDEV, LX_EAGAIN, LX_ENOSYS, LX_EINTR) else served(self, -errno)
    if opened:
        return opened_as(self, fd, lx_kind(fd))
    fd = lx_ask_place(fd, metadata, mode)
    return False if fd == -LX_ENOSYS else served(self, fd)


cdef bint opened_as(Engine self, int fd, int kind) noexcept:
    """A new descriptor: nothing is known of the number but what is said here."""
    if <uint64_t>fd >= self.direct_count:
        lx_close(fd)
        return False
    self.direct[fd] = kind
    forget_kind(self, fd)
    return served(self, fd)


cdef void forget_kind(Engine self, int fd) noexcept:
    cdef object number = fd
    if number in self.kinds:
        del self.kinds[number]


cdef bint carry_out_descriptor(Engine self, int how, int fd) noexcept:
    """close and dup of what is not synthetic."""
    cdef int copy
    if how == LX_DUP:
        copy = lx_dup(fd)
        self.refused = errno
        return refuse(self) if copy < 0 else opened_as(self, copy, self.direct[fd])
    self.direct[fd] = 0
    forget_kind(self, fd)
    if lx_close(fd):
        self.refused = errno
        return refuse(self)
    return served(self, 0)


cdef inline bint may_wait(Engine self) noexcept:
    """Whether the thread may wait in the engine: nobody else would run, and Python is as it was before a fork, or told of it."""
    return self.alone and not self.unsettled


cdef bint carry_out_stream(Engine self, int how, int fd, char *host, uint64_t size) noexcept:
    """A pipe or a socket. A thread that is alone waits here; a write that has moved a part before Python is wanted goes on there."""
    cdef uint64_t flags = self.words[4] if how == LX_SEND or how == LX_RECEIVE else 0
    cdef uint64_t done = 0
    cdef int64_t n
    cdef bint writing = how == LX_TO_PIPE or how == LX_SEND
    cdef bint waited = False
    while True:
        n = lx_direct(how, fd, host + done, size - done, <int64_t>flags, &self.refused)
        if n >= 0:
            done += n
            waited = False
            if not writing or not n or done >= size or flags & MSG_DONTWAIT or not lx_waits(fd):
                return served(self, done)
            continue
        if self.refused == LX_EAGAIN:
            if flags & MSG_DONTWAIT or not lx_waits(fd):
                return served(self, done) if done else refuse(self)
            if may_wait(self) and not waited and not (self.direct[fd] == DIRECT_SOCKET and lx_has_timeout(fd, writing)):
                with nogil:
                    waited = lx_await(fd, writing)
                if waited:
                    continue
            self.moved = done
            return False
        if done:
            return served(self, done)
        return False if self.refused in (LX_EOPNOTSUPP, LX_EINTR) else refuse(self)


cdef bint carry_out_epoll(Engine self, int fd) noexcept:
    """epoll_wait, and epoll_pwait without a mask; a thread that is alone waits here, unless for a time that ends."""
    cdef uint64_t *w = self.words
    cdef int most = <int><uint32_t>w[3], timeout = <int><uint32_t>w[4]
    cdef int64_t found
    cdef bint ready
    cdef void *host
    if self.on_write is not None or not 0 < most <= MOST_EVENTS:
        return False
    host = plain(self, w[2], <uint64_t>most * EPOLL_EVENT_SIZE)
    if host == NULL:
        return False
    while True:
        found = lx_direct(LX_EPOLL, fd, host, most, 0, &self.refused)
        if found < 0:
            return refuse(self)
        if found or not timeout:
            return served(self, found)
        if timeout > 0 or not may_wait(self):
            return False
        with nogil:
            ready = lx_await(fd, 0)
        if not ready:
            return False


cdef bint carry_out_epoll_control(Engine self, int fd) noexcept:
    """epoll_ctl of a descriptor that is known."""
    cdef uint64_t *w = self.words
    cdef uint64_t other = <uint32_t>w[3]
    cdef int operation = <int><uint32_t>w[2]
    cdef void *event = NULL
    cdef Range *r
    if other >= self.direct_count or not self.direct[other] or not EPOLL_CTL_ADD <= operation <= EPOLL_CTL_MOD:
        return False
    if operation != EPOLL_CTL_DEL:
        r = self.at(w[4])
        if r == NULL or not r.prot & (PROT_READ | PROT_WRITE | PROT_EXEC) or r.end - w[4] < EPOLL_EVENT_SIZE:
            return False
        event = <void *>(w[4] + r.delta)
    if lx_direct(LX_EPOLL_CONTROL, fd, event, operation, <int64_t>other, &self.refused) < 0:
        return refuse(self)
    return served(self, 0)


cdef bint carry_out_fork(Engine self, int how) noexcept:
    """fork by the host, of a thread that is alone, with nothing that the child must be told before Python is needed in it."""
    cdef uint64_t *w = self.words
    cdef uint64_t flags = LINUX_SIGCHLD
    cdef uint32_t *tid = NULL
    cdef void *member
    cdef int pid
    if not self.forks or not self.alone or self.unsettled or self.on_write is not None or not self.prepared():
        return False
    self.load()
    if how == LX_CLONE:
        flags = w[1]
        if w[2] or flags & ~<uint64_t>(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) != LINUX_SIGCHLD:
            return False
        if flags & CLONE_CHILD_SETTID:
            tid = <uint32_t *>plain(self, w[4], 4)
            if tid == NULL:
                return False
    self.members[self.forked_at] = 1
    PyOS_BeforeFork()
    pid = lx_fork()
    if pid == 0:
        self.unsettled = True
        self.robust = 0
        self.child_tid = w[4] if flags & CLONE_CHILD_CLEARTID else 0
        if tid != NULL:
            tid[0] = lx_getpid()
        member = self.member(lx_getpid())
    else:
        self.refused = errno
        PyOS_AfterFork_Parent()
        if pid < 0:
            return refuse(self)
        member = self.member(pid)
        if member == NULL:
            self.entered(pid)
    if member != NULL:
        lx_enter_zone(member)
    return served(self, pid)


cdef bint carry_out_wait(Engine self) noexcept:
    """wait4 without rusage, while children are no signals."""
    cdef uint64_t *w = self.words
    cdef int32_t *word = NULL
    cdef int found, status = 0, pid, options
    cdef void *member
    if not SIG_quiet or not self.forks or not self.alone or self.unsettled or self.on_write is not None:
        return False
    self.load()
    pid, options = <int><uint32_t>w[1], <int><uint32_t>w[3]
    if w[4] or options & ~(WNOHANG | WUNTRACED) or <uint32_t>w[1] == 0x80000000u:
        return False
    if w[2]:
        word = <int32_t *>plain(self, w[2], 4)
        if word == NULL:
            return False
    while True:
        lx_take_child()
        found = lx_wait(pid, &status, options | WNOHANG, &self.refused)
        if found < 0:
            return refuse(self)
        if found or options & WNOHANG:
            break
        if SIG_attention:
            return False
        with nogil:
            lx_await_child()
    if found and not lx_stopped(status):
        member = self.member(found)
        if member == NULL:
            self.left(found)
        else:
            lx_leave_zone(member, self.records, found)
    if found and word != NULL:
        word[0] = status
    return served(self, found)


cdef bint carry_out_in_child(Engine self, int how) noexcept:
    """The end of a forked child that has not needed Python, and the call by which glibc's fork begins one."""
    cdef uint64_t *w = self.words
    cdef uint64_t *robust
    if not self.unsettled:
        return False
    self.load()
    if how == LX_ROBUST:
        if w[2] != ROBUST_LIST_HEAD_SIZE:
            return False
        self.robust = w[1]
        return served(self, 0)
    if self.first and lx_getppid() != self.first:
        return False
    if self.robust:
        robust = <uint64_t *>plain(self, self.robust, ROBUST_LIST_HEAD_SIZE)
        if robust == NULL or robust[0] != self.robust or robust[2]:
            return False
    lx_exit(<int>(w[1] & 0xFF))
    return True


cdef inline bint carry_out_process(Engine self, int how) noexcept:
    if how == LX_FORK or how == LX_CLONE:
        return carry_out_fork(self, how)
    return carry_out_wait(self) if how == LX_WAIT else carry_out_in_child(self, how)


cdef void *plain(Engine self, uint64_t address, uint64_t size) noexcept:
    """The host address of memory that may be written, holds no code and cannot vanish; NULL for any other."""
    cdef Range *r = self.at(address)
    if r == NULL or size > r.end - address or r.prot & (PROT_WRITE | PROT_EXEC | VANISHING) != PROT_WRITE:
        return NULL
    return <void *>(address + r.delta)


cdef bint refuse(Engine self) noexcept:
    """The host has refused a direct call: the choke point answers."""
    self.calls += 1
    self.reason = STOP_REFUSED
    UC_stop(self.uc)
    return True


cdef bint call_inside(Engine self, uint64_t number) noexcept:
    """A handler that touches neither registers nor mappings, in the run, once it has been called from outside."""
    cdef uint64_t *w = self.words
    cdef int64_t result
    if self.unsettled or self.handlers[number] is None:
        return False
    self.load()
    try:
        result = <int64_t>PyLong_AsUnsignedLongLongMask(decoded(self.thread, <tuple>self.handlers[number], w))
    except BaseException as error:
        self.raised = error
        return refuse(self)
    if SIG_attention:
        UC_stop(self.uc)
    return served(self, result)


cdef bint served(Engine self, int64_t result) noexcept:
    self.calls += 1
    self.load_rest()
    self.words[PC_WORD] += self.call_size
    self.answer(result)
    return True


cdef void on_syscall(void *uc, void *data) noexcept:
    """A constant is answered here, inside the run, and a direct call carried out; every other call leaves it."""
    cdef Engine self = <Engine>data
    cdef uint64_t number
    cdef int how
    if self.features == 0:
        number = <uint32_t>self.word(0)
        if number < CALLS and self.served[number]:
            how = self.served[number]
            if how >= LX_FORK:
                if carry_out_process(self, how):
                    return
            elif how >= LX_STAT or how == LX_FSTATAT and not may_be_empty(self):
                if how >= LX_SELECT:
                    if carry_out_select(self, how):
                        return
                elif carry_out_poll(self, how) if how >= LX_POLL else carry_out_place(self, how):
                    return
            elif how == LX_INSIDE:
                if call_inside(self, number):
                    return
            elif how != CONSTANT:
                if carry_out(self, how):
                    return
            elif not self.unsettled:
                served(self, self.constants[number])
                return
    self.reason = STOP_SYSCALL
    UC_stop(self.uc)


cdef int may_be_written(void *engine, uint64_t start, uint64_t end) noexcept:
    """Whether the guest can write to any page of these."""
    cdef Engine e = <Engine>engine
    cdef Py_ssize_t i = e.find(start)
    while i < e.count and e.ranges[i].start < end:
        if e.ranges[i].prot & PROT_WRITE:
            return 1
        i += 1
    return 0


cdef void *code_of(void *engine, uint64_t address, uint64_t size) noexcept:
    """Where guest code is that has just been translated; NULL if it is not in one range."""
    cdef Range *r = (<Engine>engine).at(address)
    return NULL if r == NULL or size > r.end - address else <void *>(address + r.delta)


cdef void on_block(void *uc, uint64_t address, uint32_t size, void *data) noexcept:
    cdef Engine self = <Engine>data
    self.budget -= 1
    if self.budget == 0:
        lx_tick_now()
        UC_stop(uc)


cdef uint32_t on_in(void *uc, uint32_t port, int size, void *data) noexcept:
    forbidden(<Engine>data, FORBIDDEN_PORT)
    return 0


cdef void on_out(void *uc, uint32_t port, int size, uint32_t value, void *data) noexcept:
    forbidden(<Engine>data, FORBIDDEN_PORT)


cdef void on_enter(void *uc, void *data) noexcept:
    forbidden(<Engine>data, FORBIDDEN_ENTER)


cdef inline void forbidden(Engine self, int number) noexcept:
    """An instruction that Unicorn would carry out and a user may not."""
    self.reason = STOP_INTERRUPT
    self.interrupt = number
    UC_stop(self.uc)


cdef void on_interrupt(void *uc, uint32_t number, void *data) noexcept:
    cdef Engine self = <Engine>data
    self.reason = STOP_INTERRUPT
    self.interrupt = number
    UC_stop(uc)


cdef bint on_invalid(void *uc, void *data) noexcept:
    (<Engine>data).reason = STOP_INVALID
    return False
