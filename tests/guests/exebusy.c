/* The file of a running program cannot be opened for writing. */
#include "guest.h"

int main(void) { R(open("/proc/self/exe", O_WRONLY)); R(truncate("/proc/self/exe", 1)); }
