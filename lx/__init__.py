"""lx: a Linux system-call layer in Python.

    import lx

    done = lx.run(["sh", "-c", "uname -r"], capture_output=True)     # one program in a zone of its own
    with lx.Zone("/srv/root", hostname="box") as zone:               # several in one zone
        server = zone.spawn(["server"])
        zone.run(["client"], check=True)

Names are looked up when they are first used: `lx run` is Python too, and starts in a few milliseconds.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.zone.handle import Process, Zone, run

__all__ = ["Process", "Zone", "run"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'lx' has no attribute {name!r}")
    from lx.zone import handle

    return getattr(handle, name)
