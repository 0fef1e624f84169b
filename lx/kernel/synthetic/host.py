"""What the synthetic trees take from the host's own /proc and /sys.

Load, memory, uptime, network and disk figures are the machine's; a guest sees the machine's, as in any container
without its own figures. A host without such a file gives an empty text, and its reader then says the least that
parses.
"""

from lx.abi.lean import suppress


def host_text(name: str, otherwise: bytes = b"", tree: str = "/proc") -> bytes:
    """The text of a host's file `name` below `tree`, or `otherwise` if there is none or it may not be read."""
    with suppress(OSError), open(f"{tree}/{name}", "rb") as file:
        return file.read()
    return otherwise


def host_fields(name: str) -> dict[bytes, bytes]:
    """A host file of "Name: value" lines, as a dictionary in its order; values stripped."""
    pairs = (line.partition(b":") for line in host_text(name).splitlines())
    return {key: value.strip() for key, colon, value in pairs if colon}
