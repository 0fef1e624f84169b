"""What a system call acts on: process, thread, signals, address space, files, paths."""
