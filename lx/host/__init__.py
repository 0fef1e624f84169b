"""The host as data: its errno, signal and flag numbers by name, and the primitives that Python has no name for."""
