/* The guest's vDSO for x86-64: one page that is a whole shared object, written out by hand so that assembling it gives the
   file itself (as, then objcopy -O binary: tests/test_vdso.py does it and compares with vdso_x86_64.bin).

   Names and version are those of Linux's (arch/x86/entry/vdso/vdso.lds.S). A function goes on to the address in its slot, and
   makes the system call where the slot is 0; loader/vdso.py fills the slots. At CHECK is code that calls clock_gettime and
   makes a system call, for the loader to see whether the slots may be used.
   Missing: .eh_frame, for functions of three instructions. */
        .set    PT_LOAD, 1
        .set    PT_DYNAMIC, 2
        .set    SLOTS, 0xfe0
        .set    CHECK, 0xf00
        .set    SONAME_HASH, 0x0deebfa1
        .set    VERSION_HASH, 0x03ae75f6

base:   .byte   0x7f
        .ascii  "ELF"
        .byte   2, 1, 1, 0
        .quad   0
        .short  3, 62                           /* ET_DYN, EM_X86_64 */
        .long   1
        .quad   0, segments - base, 0
        .long   0
        .short  64, 56, 2, 64, 0, 0

segments:
        .long   PT_LOAD, 5
        .quad   0, 0, 0, 4096, 4096, 4096
        .long   PT_DYNAMIC, 4
        .quad   dynamic - base, dynamic - base, dynamic - base, dynamic_end - dynamic, dynamic_end - dynamic, 8

dynamic:
        .quad   14, soname - strings            /* DT_SONAME */
        .quad   4, hash - base                  /* DT_HASH */
        .quad   5, strings - base               /* DT_STRTAB */
        .quad   6, symbols - base               /* DT_SYMTAB */
        .quad   10, strings_end - strings       /* DT_STRSZ */
        .quad   11, 24                          /* DT_SYMENT */
        .quad   0x6ffffffc, versions - base     /* DT_VERDEF */
        .quad   0x6ffffffd, 2                   /* DT_VERDEFNUM */
        .quad   0x6ffffff0, version_of - base   /* DT_VERSYM */
        .quad   0, 0
dynamic_end:

        .macro  symbol name, at, size, kind
        .long   \name - strings
        .byte   \kind, 0
        .short  1
        .quad   \at - base, \size
        .endm
        .set    GLOBAL_FUNC, 0x12
        .set    WEAK_FUNC, 0x22
symbols:
        .quad   0, 0, 0
        symbol  vdso_clock_gettime + 7, clock_gettime, 32, WEAK_FUNC
        symbol  vdso_clock_gettime, clock_gettime, 32, GLOBAL_FUNC
        symbol  vdso_gettimeofday + 7, gettimeofday, 32, WEAK_FUNC
        symbol  vdso_gettimeofday, gettimeofday, 32, GLOBAL_FUNC
        symbol  vdso_time + 7, time, 32, WEAK_FUNC
        symbol  vdso_time, time, 32, GLOBAL_FUNC
        symbol  vdso_clock_getres + 7, clock_getres, 32, WEAK_FUNC
        symbol  vdso_clock_getres, clock_getres, 32, GLOBAL_FUNC
        symbol  vdso_getcpu + 7, getcpu, 8, WEAK_FUNC
        symbol  vdso_getcpu, getcpu, 8, GLOBAL_FUNC
        .long   linux_2_6 - strings             /* the version's own symbol: OBJECT, ABS */
        .byte   0x11, 0
        .short  0xfff1
        .quad   0, 0
symbols_end:
        .set    COUNT, (symbols_end - symbols) / 24

hash:   .long   1, COUNT, COUNT - 1             /* one bucket: the chain is every symbol, the last first */
        .set    i, 0
        .long   0
        .rept   COUNT - 1
        .long   i
        .set    i, i + 1
        .endr

version_of:
        .short  0
        .rept   COUNT - 1
        .short  2
        .endr
        .balign 8
versions:                                       /* struct Elf64_Verdef, Verdaux */
        .short  1, 1, 1, 1
        .long   SONAME_HASH, 20, 28, soname - strings, 0
        .short  1, 0, 2, 1
        .long   VERSION_HASH, 20, 0, linux_2_6 - strings, 0
versions_end:

strings:
        .byte   0
soname: .asciz  "linux-vdso.so.1"
linux_2_6:
        .asciz  "LINUX_2.6"
vdso_clock_gettime:
        .asciz  "__vdso_clock_gettime"
vdso_gettimeofday:
        .asciz  "__vdso_gettimeofday"
vdso_time:
        .asciz  "__vdso_time"
vdso_clock_getres:
        .asciz  "__vdso_clock_getres"
vdso_getcpu:
        .asciz  "__vdso_getcpu"
strings_end:

        .macro  function number, slot
        mov     base + SLOTS + 8 * \slot(%rip), %rax
        test    %rax, %rax
        jz      1f
        jmp     *%rax
1:      mov     $\number, %eax
        syscall
        ret
        .balign 32, 0xcc
        .endm
        .balign 32, 0xcc
clock_gettime:
        function 228, 0
gettimeofday:
        function 96, 1
time:   function 201, 2
clock_getres:
        function 229, 3
getcpu: mov     $309, %eax
        syscall
        ret

        .org    CHECK, 0xcc
        mov     $1, %edi                        /* CLOCK_MONOTONIC */
        lea     -64(%rsp), %rsp
        mov     %rsp, %rsi
        call    clock_gettime
        mov     $-1, %eax
        syscall
        .org    SLOTS, 0xcc
        .quad   0, 0, 0, 0
