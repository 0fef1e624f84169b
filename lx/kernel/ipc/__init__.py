"""What a zone's processes share beyond files: System V IPC and POSIX message queues."""
