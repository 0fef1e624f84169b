"""Making things: git, make, the C compiler."""

from programs import WORDS, Case

SH = ("sh", "-c")
GIT_ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": "1000000000 +0000",
    "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_COMMITTER_DATE": "1000000000 +0000",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "pack.threads", "GIT_CONFIG_VALUE_0": "1", "GIT_CONFIG_KEY_1": "gc.auto", "GIT_CONFIG_VALUE_1": "0",
    "GIT_CONFIG_KEY_2": "core.preloadIndex", "GIT_CONFIG_VALUE_2": "false",
}  # fmt: skip
HELLO = '#include <stdio.h>\nint main(int argc, char **argv) { printf("hello, %s\\n", argc > 1 ? argv[1] : "world"); return 3; }\n'
PROJECT = {
    "Makefile": "CFLAGS = -Wall -MMD\nparts := words order print\ncount: main.o libcount.a\n\t$(CC) -o $@ $^\nlibcount.a: $(parts:%=%.o)\n\t$(AR) rcs $@ $(sort $^)\n-include $(wildcard *.d)\n",
    "count.h": "struct word { char text[32]; int times; };\nint words(struct word *found, int max);\nvoid print(const struct word *found, int n);\nint order(const void *a, const void *b);\n",
    "words.c": '#include <stdio.h>\n#include <string.h>\n#include "count.h"\nint words(struct word *found, int max)\n{\n    char text[32];\n    int n = 0;\n    while (n < max && scanf("%31s", text) == 1) {\n        int i = 0;\n        while (i < n && strcmp(found[i].text, text)) i++;\n        if (i == n) strcpy(found[n++].text, text);\n        found[i].times++;\n    }\n    return n;\n}\n',
    "order.c": '#include <string.h>\n#include "count.h"\nint order(const void *a, const void *b)\n{\n    const struct word *x = a, *y = b;\n    return x->times != y->times ? y->times - x->times : strcmp(x->text, y->text);\n}\n',
    "print.c": '#include <stdio.h>\n#include "count.h"\nvoid print(const struct word *found, int n) { for (int i = 0; i < n; i++) printf("%d %s\\n", found[i].times, found[i].text); }\n',
    "main.c": '#include <stdlib.h>\n#include "count.h"\nstatic struct word found[100];\nint main(void)\n{\n    int n = words(found, 100);\n    qsort(found, n, sizeof *found, order);\n    print(found, n);\n    return n;\n}\n',
}


def git(name: str, script: str) -> Case:
    """A git case: identity and dates fixed, so that object names are equal; one thread."""
    start = "git init -q -b main .; rm -rf .git/hooks; "
    tail = "; rm -rf .git/index .git/objects/pack .git/objects/info .git/COMMIT_EDITMSG .git/gc.log"
    return Case(name, SH, start + script + tail, files={"w": WORDS}, needs=("git",), env=GIT_ENVIRONMENT)


CASES = [
    git("git: init, add, commit, log", "git add w; git commit -qm first; echo more >>w; git commit -qam second; git log --format='%h %an %s'; git status --short; git show --stat HEAD | tail -3; git rev-parse HEAD; git cat-file -p HEAD^{tree}"),
    git("git: branches, merge, diff", "git add w; git commit -qm base; git checkout -qb topic; sed -i s/pear/PEAR/ w; git commit -qam topic; git checkout -q main; echo tail >>w; git commit -qam tail; git diff topic | tail -5; git merge -q topic -m merged; git log --oneline --graph; git tag v1; git describe; cat w | head -2"),
    git("git: gc, fsck, stash, clean", "for i in 1 2 3; do echo $i >f$i; git add .; git commit -qm $i; done; git gc -q; git fsck 2>&1; git count-objects -v | grep -E 'in-pack|packs|count'; git log --oneline | wc -l; echo x >>w; git stash -q; git stash list; git stash drop -q; echo y >new; git clean -fdq; ls"),
    Case("make: rules, variables, functions, failure", ("make", "-s", "-k"), files={"Makefile": "OBJ := $(patsubst %.in,%.out,$(wildcard *.in))\nall: $(OBJ) bad note\n%.out: %.in\n\ttr a-z A-Z <$< >$@\n\t@echo made $@ from $^\nnote: ; @echo $(words $(OBJ)) $(shell echo from shell) $(sort b a b)\nbad:\n\t@echo failing; exit 3\n.PHONY: all bad note\n", "a.in": "aaa\n", "b.in": "bbb\n"}, stderr=False),
    Case("make: parallel, and nothing to do", SH, "make -s -j2; make -q; echo $?; touch -d @0 src; make -s; rm out; make -n", files={"Makefile": "out: src\n\tcat src >out\n\t@echo built\n", "src": "s\n"}, needs=("make",)),
    Case("make -j4: a small C project with a library, then what is stale", SH, "make -s -j4 count; ./count <w; echo $?; touch -d @0 libcount.a order.o; make -n -j4 count | cut -c1-40; make -q main.o; echo $?", files={**PROJECT, "w": WORDS}, needs=("make", "gcc")),
    Case("gcc: compile, link and run hello.c", SH, "gcc -O1 -o hello hello.c && ./hello lx; echo $?; rm hello", files={"hello.c": HELLO}, needs=("gcc",)),
    Case("gcc: separate objects, a static library, an error", SH, "gcc -c a.c; ar rcs liba.a a.o; gcc -static -o m m.c -L. -la; ./m; echo $?; nm a.o | cut -c18-; size a.o | wc -l; strip m; ./m; gcc -c bad.c; echo $?; objdump -d a.o | grep -c ret; rm -f m a.o liba.a", files={"a.c": "int twice(int x) { return 2 * x; }\n", "m.c": '#include <stdio.h>\nint twice(int);\nint main(void) { printf("%d\\n", twice(21)); return 0; }\n', "bad.c": "int f( { return; }\n"}, needs=("gcc",), stderr=False),
    Case("gcc: preprocess and assemble", SH, "printf '#define X 6*7\\nint x = X;\\n' | gcc -E -P -; gcc -S -O1 -o - a.c | grep -c ret; as -o a.o s.s; ld -o s a.o; ./s; echo $?; rm -f a.o s", files={"a.c": "int f(void) { return 1; }\n", "s.s": ".globl _start\n_start: mov $60, %eax\nmov $42, %edi\nsyscall\n"}, needs=("gcc",)),
]
