/* Signals with a siginfo of the sender's making, to a process and to a thread; coming back by rt_sigreturn of one's own. */
#include "guest.h"

static volatile int seen, value, code;
static void note(int s, siginfo_t *i, void *u) { (void)u; seen = s; value = i->si_value.sival_int; code = i->si_code; }
struct kernel_action { void *handler; unsigned long flags; void *restorer; unsigned long mask; };
extern void own_restorer(void);
__asm__("own_restorer: mov $15, %eax\n syscall\n");

int main(void) {
    struct sigaction a = {.sa_sigaction = note, .sa_flags = SA_SIGINFO}; siginfo_t i; memset(&i, 0, sizeof i); sigaction(SIGUSR1, &a, NULL);
    i.si_code = SI_QUEUE; i.si_value.sival_int = 77; i.si_signo = 9; R(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &i)); R(seen); R(value); R(code);
    R(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &i)); R(value); i.si_code = SI_USER; R(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &i)); R(code);
    R(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &i)); R(syscall(SYS_rt_sigqueueinfo, getpid(), 0, &i)); R(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, 8L));
    R(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &i)); R(syscall(SYS_rt_tgsigqueueinfo, 0, getpid(), SIGUSR1, &i)); i.si_code = SI_QUEUE;
    R(syscall(SYS_rt_tgsigqueueinfo, getpid(), 99999999, SIGUSR1, &i)); R(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), 65, &i));
    struct kernel_action k = {note, SA_SIGINFO | 0x04000000, own_restorer, 0}; R(syscall(SYS_rt_sigaction, SIGUSR2, &k, NULL, 8)); seen = 0; R(raise(SIGUSR2)); R(seen);
    CHILD("rt_sigreturn of nothing", syscall(SYS_rt_sigreturn));
}
