"""The CPU that a guest sees in /proc/cpuinfo and /sys: the engine's, not the host's.

A program may ask the CPUID instruction or read /proc/cpuinfo, and both must say the same. The words below are what the
engine's default CPU answers (tests run the instruction and compare); the names of their bits are Linux's. How many
there are is the host's answer, because guest processes really run side by side.

Limits: one table for one architecture, x86-64; clock rate and BogoMIPS are the host's, since the engine has none.
"""

import os

from lx.kernel.synthetic.host import host_text

VENDOR = "GenuineIntel"
MODEL_NAME = "Intel Core Processor (Haswell)"
CPUID_LEVEL = 13
SIGNATURE = 0x306C4
"""CPUID leaf 1 EAX: family, model, stepping."""
CLFLUSH_BYTES = 64
CACHES = ((1, "Data", 8, 64), (1, "Instruction", 8, 64), (2, "Unified", 16, 4096))
"""(level, type, ways, sets) of leaf 4; size in bytes = ways * sets * CLFLUSH_BYTES."""
PHYSICAL_BITS, VIRTUAL_BITS = 40, 48

LEAVES: dict[str, tuple[int, str]] = {
    "1 edx": (
        0x078BFBFD,
        "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi mmx "
        "fxsr sse sse2 ss ht tm ia64 pbe",
    ),
    "80000001 edx": (
        0x28100800,
        "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow",
    ),
    "1 ecx": (
        0xCED82203,
        "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca "
        "sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor",
    ),
    "80000001 ecx": (
        0x00000021,
        "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop skinit wdt "
        "- lwp fma4 tce",
    ),
    "7 ebx": (
        0x00000389,
        "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx - "
        "avx512f avx512dq rdseed adx smap",
    ),
    "d.1 eax": (0x00000001, "xsaveopt xsavec xgetbv1 xsaves"),
    "6 eax": (0x00000004, "dtherm ida arat"),
}
"""CPUID leaf and register: its word, and Linux's names of its bits from bit 0 ("-": none shown). In cpuinfo's order."""

SOFTWARE_FLAGS = ("rep_good", "nopl", "cpuid")
"""Flags that Linux itself sets on every 64-bit Intel CPU. Linux arch/x86/include/asm/cpufeatures.h, word 3."""


def flags() -> list[str]:
    """The names of all features that the CPU has, in /proc/cpuinfo's order."""
    names = []
    for leaf, (word, bits) in LEAVES.items():
        names += [name for bit, name in enumerate(bits.split()) if word >> bit & 1 and name != "-"]
        if leaf == "80000001 edx":
            names += SOFTWARE_FLAGS
    return names


def count() -> int:
    """How many CPUs the guest has: those that the host lets this process use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def cpu_list() -> bytes:
    """All CPUs in the kernel's list format, such as 0-3."""
    last = count() - 1
    return b"0-%d" % last if last else b"0"


def cpuinfo() -> bytes:
    """The text of /proc/cpuinfo."""
    megahertz = _host_megahertz()
    family = SIGNATURE >> 8 & 15
    model = SIGNATURE >> 12 & 0xF0 | SIGNATURE >> 4 & 15
    total = count()
    cache_kb = CACHES[-1][2] * CACHES[-1][3] * CLFLUSH_BYTES // 1024
    blocks = []
    for number in range(total):
        fields = [
            ("processor\t", number),
            ("vendor_id\t", VENDOR),
            ("cpu family\t", family),
            ("model\t\t", model),
            ("model name\t", MODEL_NAME),
            ("stepping\t", SIGNATURE & 15),
            ("microcode\t", "0x1"),
            ("cpu MHz\t\t", f"{megahertz:.3f}"),
            ("cache size\t", f"{cache_kb} KB"),
            ("physical id\t", 0),
            ("siblings\t", total),
            ("core id\t\t", number),
            ("cpu cores\t", total),
            ("apicid\t\t", number),
            ("initial apicid\t", number),
            ("fpu\t\t", "yes"),
            ("fpu_exception\t", "yes"),
            ("cpuid level\t", CPUID_LEVEL),
            ("wp\t\t", "yes"),
            ("flags\t\t", " ".join(flags())),
            ("bugs\t\t", ""),
            ("bogomips\t", f"{2 * megahertz:.2f}"),
            ("clflush size\t", CLFLUSH_BYTES),
            ("cache_alignment\t", CLFLUSH_BYTES),
            ("address sizes\t", f"{PHYSICAL_BITS} bits physical, {VIRTUAL_BITS} bits virtual"),
            ("power management", None),
        ]
        blocks.append("".join(f"{name}:\n" if value is None else f"{name}: {value}\n" for name, value in fields) + "\n")
    return "".join(blocks).encode()


def _host_megahertz() -> float:
    for line in host_text("cpuinfo").splitlines():
        if line.startswith(b"cpu MHz"):
            return float(line.partition(b":")[2])
    return 1000.0
