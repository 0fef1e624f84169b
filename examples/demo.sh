#!/bin/sh
# What `make demo` shows: real Linux programs under lx. LX is the command, DIR a place for what is built.
set -eu
LX=$1
DIR=$2
HERE=$(dirname "$0")

say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }

mkdir -p "$DIR"
if "${CC:-cc}" -O1 -o "$DIR/hello" "$HERE/hello.c" 2>/dev/null; then
    say "lx run hello reader                # a C program, compiled a moment ago"
    "$LX" run "$DIR/hello" reader
    say "lx run --strace hello reader       # the same, with every system call"
    "$LX" run --strace "$DIR/hello" reader 2>&1 | tail -n 18
else
    echo "no C compiler: the C example is left out"
fi

PIPE='find /usr/bin -type f | sed "s,.*[.],," | grep -v / | sort | uniq -c | sort -rn | head -5'
for shell in busybox dash bash; do
    if command -v $shell >/dev/null; then
        [ $shell = busybox ] && set -- busybox sh || set -- $shell
        say "lx run $* -c '$PIPE'"
        "$LX" run "$@" -c "$PIPE"
        break
    fi
done

if [ -x /usr/bin/python3 ]; then
    say "lx run /usr/bin/python3 -c ...     # the distribution's own interpreter"
    "$LX" run /usr/bin/python3 -c 'import sys, math; print(sys.version.split()[0], sys.platform, math.factorial(30))'
fi

say "lx run --stats sh -c ...           # and what it took"
"$LX" run --stats sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); done; ls / | wc -l'
