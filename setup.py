"""The one part of the build that pyproject.toml cannot say: the compiled run loop is optional.

Without a C compiler or Python.h the installation succeeds all the same; lx then runs on its pure engine, and one line
of the build (and of `make demo`) says so. Everything else is in pyproject.toml.
"""

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class BuildOptional(build_ext):
    """Build the extension if this machine can; say in one line what happens otherwise."""

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except Exception as error:  # which one depends on the setuptools; all mean that this machine cannot
            reason = type(error).__name__
            print(f"lx: compiled engine: not built ({reason}); the pure engine is used", file=sys.stderr)


def extensions() -> list[Extension]:
    """The run loop, translated by Cython; none where Cython itself is missing."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        print("lx: compiled engine: not built (no Cython); the pure engine is used", file=sys.stderr)
        return []
    loop = Extension("lx.cpu._compiled", ["lx/cpu/_compiled.pyx"], extra_compile_args=["-O2"], optional=True)
    made: list[Extension] = cythonize([loop], build_dir="build/cython", quiet=True)
    return made


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildOptional})
