/* The guest that executes what a test tells it: read a record (number, six arguments) from descriptor 250, make the call,
   write the result to 251. Number -2 forks a server's child, which goes on reading while its parent waits and then answers
   with MAGIC and the wait status. The child of a fork that a test makes executes the records at SCRIPT instead, up to
   number -1, and exits. With a second argument it has replaced a stub, whose descriptors it
   goes on with, and answers 0 for the execve. `one` is for lx.testing.direct, which sets the registers itself. stub.bin is this, assembled; tests/test_testing.py checks that. */
        .set    RECORD, 0x500000
        .set    RESULT, 0x500040
        .set    STATUS, 0x500048
        .set    CAUGHT, 0x500050
        .set    SCRIPT, 0x501000
        .globl  _start
_start:
        cmpq    $1, (%rsp)
        jne     hello
        xor     %edi, %edi
        mov     $250, %esi
        call    dup2
        mov     $1, %edi
        mov     $251, %esi
        call    dup2
        mov     $2, %edi
        xor     %esi, %esi
        call    dup2
        mov     $2, %edi
        mov     $1, %esi
        call    dup2
loop:   xor     %eax, %eax
        mov     $250, %edi
        mov     $RECORD, %esi
        mov     $56, %edx
        syscall
        cmp     $-4, %rax
        je      loop
        cmp     $56, %rax
        jne     end
        mov     $RECORD, %r12d
        cmpq    $-2, (%r12)
        je      server
        call    make
        test    %rax, %rax
        jnz     reply
        mov     (%r12), %rcx
        sub     $57, %rcx
        cmp     $1, %rcx
        jbe     script
reply:  mov     %rax, RESULT
        mov     $1, %eax
        mov     $251, %edi
        mov     $RESULT, %esi
        mov     $8, %edx
        syscall
        cmp     $-4, %rax
        je      again
        jmp     loop
again:  mov     RESULT, %rax
        jmp     reply
server: mov     $57, %eax
        syscall
        test    %rax, %rax
        jz      reply
        mov     %rax, %rbx
wait:   mov     %rbx, %rdi
        mov     $STATUS, %esi
        mov     $0x40000000, %edx
        xor     %r10d, %r10d
        mov     $61, %eax
        syscall
        cmp     $-4, %rax
        je      wait
        mov     STATUS, %ecx
        movabs  $0x7e57000000000000, %rax
        or      %rcx, %rax
        jmp     reply
script: mov     $SCRIPT, %r12d
next:   cmpq    $-1, (%r12)
        je      end
        call    make
        add     $56, %r12
        jmp     next
hello:  xor     %eax, %eax
        jmp     reply
end:    xor     %edi, %edi
        mov     $231, %eax
        syscall
dup2:   mov     $33, %eax
        syscall
        ret
make:   mov     (%r12), %rax
        mov     8(%r12), %rdi
        mov     16(%r12), %rsi
        mov     24(%r12), %rdx
        mov     32(%r12), %r10
        mov     40(%r12), %r8
        mov     48(%r12), %r9
        cmp     $58, %rax
        je      vfork
        syscall
        ret
vfork:  pop     %r13
        syscall
        jmp     *%r13
        .balign 64
handler:
        incq    CAUGHT
        ret
        .balign 64
restorer:
        mov     $15, %eax
        syscall
        .balign 64
one:    syscall
        ud2
