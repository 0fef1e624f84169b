"""Servers and their clients, on the loopback only: ports that the host chooses, sockets in the case's own directory."""

from programs import WORDS, Case
from programs.building import GIT_ENVIRONMENT, SH

PYTHON = ("/usr/bin/python3", "-c")
ECHO_ASYNC = """import asyncio, sys
async def serve(r, w):
    while line := await r.readline(): w.write(line.upper()); await w.drain()
    w.close()
async def main():
    s = await asyncio.start_server(serve, '127.0.0.1', 0); port = s.sockets[0].getsockname()[1]
    async def ask(n):
        r, w = await asyncio.open_connection('127.0.0.1', port); out = []
        for i in range(3): w.write(b'client %d line %d\\n' % (n, i)); out.append(await r.readline())
        w.close(); await w.wait_closed(); return out
    for answer in await asyncio.gather(*map(ask, range(5))): print(answer)
    u = await asyncio.start_unix_server(serve, 'sock'); r, w = await asyncio.open_unix_connection('sock'); w.write(b'unix\\n'); print(await r.readline()); w.close(); u.close(); s.close()
    p = await asyncio.create_subprocess_exec('sh', '-c', 'read x; echo got $x; exit 3', stdin=-1, stdout=-1); print(await p.communicate(b'word\\n'), p.returncode)
    ps = await asyncio.gather(*(asyncio.create_subprocess_shell(f'sleep 0.0{i}; exit {i}') for i in range(4))); print([await p.wait() for p in ps])
    try: await asyncio.wait_for(asyncio.sleep(9), 0.05)
    except TimeoutError: print('timeout')
asyncio.run(main())
"""
SOCKETSERVER = """import os, selectors, signal, socket, socketserver, sys
class H(socketserver.StreamRequestHandler):
    def handle(self): self.wfile.write(b'<' + self.rfile.readline().strip() + b'>')
class Forking(socketserver.ForkingMixIn, socketserver.TCPServer): pass
with Forking(('127.0.0.1', 0), H) as s:
    s.timeout = 5; pid = os.fork()
    if pid == 0:
        for w in (b'one', b'two'):
            c = socket.create_connection(s.server_address); c.sendall(w + b'\\n'); print(c.recv(99), c.recv(9), flush=True); c.close()
        os._exit(4)
    s.handle_request(); s.handle_request(); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
a, b = socket.socketpair(); sel = selectors.DefaultSelector(); sel.register(a, 1, 'a'); print(type(sel).__name__, sel.select(0.01)); b.send(b'x'); print([(k.data, e) for k, e in sel.select(1)])
socket.send_fds(b, [b'fd'], [os.open('w', 0)]); m, fds, f, _ = socket.recv_fds(a, 9, 4); print(m, os.read(fds[0], 10))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0)); u.sendto(b'dgram', u.getsockname()); print(u.recvfrom(99)[0]); u.settimeout(0.05)
try: u.recv(1)
except TimeoutError as e: print(e)
try: socket.create_connection(('127.0.0.1', 1), 1)
except OSError as e: print(e)
s6 = socket.create_server(('::1', 0), family=socket.AF_INET6) if socket.has_ipv6 else None; print(s6 and s6.getsockname()[0]); print(socket.getaddrinfo('localhost', 80, socket.AF_INET, socket.SOCK_STREAM))
c = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET); c[0].send(b'a' * 5); c[0].send(b'b'); print(c[1].recv(3), c[1].recv(9)); big = socket.socketpair(); big[0].setblocking(False); n = 0
try:
    while True: n += big[0].send(b'z' * 65536)
except BlockingIOError: print(n > 65536)
print('lo' in [name for _, name in socket.if_nameindex()])
"""
TCL = """proc accept {c host port} { fconfigure $c -buffering line; fileevent $c readable [list answer $c] }
proc answer c { if {[gets $c l] < 0} { close $c; return }; puts $c [string toupper $l] }
set s [socket -server accept -myaddr 127.0.0.1 0]; set port [lindex [fconfigure $s -sockname] 2]
proc show c { global left; if {[gets $c l] < 0} return; puts $l; if {[incr left -1] == 0} { set ::done 1 } }
set left 3; set c [socket 127.0.0.1 $port]; fconfigure $c -buffering line; fileevent $c readable [list show $c]
foreach w {one two three} { puts $c $w }; after 8000 { set done late }; vwait done; puts $done; close $c
puts [exec sh -c {echo sub; exit 0}]; set p [open "|sort" r+]; puts $p "b\\na"; close $p w; puts [read $p]; exit 5
"""
NGINX = """daemon off; master_process MASTER; worker_processes 1; pid nginx.pid; error_log error.log; events { worker_connections 16; }
http { access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
server { listen unix:HERE/sock; root HERE/www; sendfile on; location /gone { return 410; } } }
"""
SERVE = (
    "sed -e s,HERE,$PWD,g -e s,MASTER,$MASTER, conf.in >conf; nginx -p $PWD -c $PWD/conf 2>/dev/null & p=$!; "
    "i=0; while [ ! -S sock ] && [ $i -lt 200 ]; do sleep 0.1; i=$((i + 1)); done; "
    "get() { curl -s --max-time 30 --unix-socket sock \"$@\"; }; get http://x/index.html; get http://x/big | cksum; get -o /dev/null -w '%{http_code}\\n' http://x/none; "
    "get -o /dev/null -w '%{http_code}\\n' http://x/gone; get -r 5-9 http://x/index.html; get -I http://x/big | grep Content-Length; kill -QUIT $p; wait $p; echo $?; rm -rf sock conf nginx.pid t? error.log"
)

REDIS = (
    "start() { redis-server --port 0 --unixsocket s --dir . --save '' --logfile log >/dev/null & server=$!; until [ \"$($r ping 2>&1)\" = PONG ]; do sleep 0.05; done; }; "
    "stop() { kill $server; wait $server; echo $?; rm -f s log; }; r='redis-cli -s s'; start; "
)
POSTGRESQL = (
    "d=$(mktemp -d /tmp/lx-postgresql.XXXXXX); trap 'rm -rf $d' EXIT; as=; "
    "[ $(id -u) != 0 ] || { chown nobody $d; as='setpriv --reuid=nobody --regid=nogroup --clear-groups'; }; cd $d; "
    "$as $BIN/initdb -D data -N -A trust -E UTF8 --locale=C --no-instructions; "
    "$as $BIN/postgres --single -j -D data -c log_line_prefix= -c log_checkpoints=off postgres 2>&1; echo $?"
)
QUERIES = """create table t (n int primary key, s text);

insert into t select i, md5(i::text) from generate_series(1, 1000) i;

begin; delete from t; rollback;

select count(*), sum(n), max(s), avg(n)::numeric(8, 2) from t where s like 'a%';

insert into t values (7, 'again');

select string_agg(s, ',' order by n) from t where n in (3, 5, 999) group by n % 2;

"""


def nginx(name: str, master: str) -> Case:
    """nginx serving files to curl through a UNIX socket."""
    files: dict[str, str | bytes] = {"conf.in": NGINX, "www/index.html": "hello from nginx\n", "www/big": b"0123456789abcdef" * 20000}
    return Case(name, SH, SERVE, files=files, needs=("nginx", "curl"), env={"MASTER": master})


CASES = [
    Case("python3: asyncio streams and subprocesses", PYTHON, ECHO_ASYNC),
    Case("python3: socketserver, selectors, every kind of socket", PYTHON, SOCKETSERVER, files={"w": WORDS}, stderr=False),
    Case("tclsh: an event loop with a server, pipes", ("tclsh", "t.tcl"), files={"t.tcl": TCL}),
    Case("socat: a UNIX listener that forks, TCP to a pipe", SH, "socat -t 20 UNIX-LISTEN:s,fork SYSTEM:'read x; echo got $x' & p=$!; while [ ! -S s ]; do sleep 0.05; done; echo one | socat -t 20 - UNIX-CONNECT:s; echo two | socat -t 20 - UNIX-CONNECT:s; kill $p; wait $p; echo $?; rm -f s; socat -t 20 -u OPEN:w EXEC:'wc -l'; socat -t 20 - SYSTEM:'head -1',pty,rawer <w", files={"w": WORDS}, needs=("socat",), stderr=False),
    Case("nc: one file over a UNIX socket", SH, "nc -lU s >got & p=$!; while [ ! -S s ]; do sleep 0.05; done; nc -NU s <w; wait $p; echo $?; cmp got w && echo same; rm -f s got; nc -z -w 1 127.0.0.1 1; echo $?", files={"w": WORDS}, needs=("nc",), stderr=False),
    Case("git: clone, fetch and push over a local path and a pipe", SH, "git init -q -b main a; rm -rf a/.git/hooks; cd a; cp ../w .; git add w; git commit -qm one; cd ..; git clone -q a b; git clone -q --no-local --depth 1 file://$PWD/a c; git -C c log --format=%h; cd b; echo x >>w; git commit -qam two; git push -q origin main:topic; git -C ../a log --format='%h %s' topic; cd ../a; git commit -q --allow-empty -m three; cd ../b; git fetch -q; git log --format=%s origin/main; git -C ../c rev-parse HEAD; cd ..; rm -rf a b c", files={"w": WORDS}, needs=("git",), env=GIT_ENVIRONMENT),
    nginx("nginx: one process serves files to curl", "off"),
    nginx("nginx: master and worker serve files to curl", "on"),
    Case("curl: file and refused", SH, "curl -s file://$PWD/w | head -2; curl -s http://127.0.0.1:1/; echo $?", files={"w": WORDS}, needs=("curl",)),
    Case("redis-server with redis-cli: strings, lists, scripts, save", SH, "redis-server --port 0 --unixsocket $PWD/s --dir $PWD --daemonize no --logfile log --save '' >/dev/null & p=$!; while [ ! -S s ]; do sleep 0.1; done; r='redis-cli -s s'; $r set k v; $r get k; $r rpush l a b c; $r lrange l 0 -1; seq 200 | sed 's/.*/incr n/' | $r | tail -1; $r eval 'return redis.call(\"get\", KEYS[1])' 1 k; $r save; $r bgsave >/dev/null; ls dump.rdb; $r shutdown nosave; wait $p; echo $?; rm -f s log dump.rdb", needs=("redis-server", "redis-cli"), stderr=False),
    Case("redis-server: BGSAVE, and another server of what was saved", SH, REDIS + "seq 200 | sed 's/.*/set key:& value&/' | $r | sort | uniq -c; $r bgsave; until $r info persistence | grep -q in_progress:0; do sleep 0.05; done; $r info persistence | grep -o rdb_last_bgsave_status:..; stop; redis-check-rdb dump.rdb | grep -o '[0-9]* keys read'; start; $r get key:123; stop; rm dump.rdb", needs=("redis-server", "redis-cli", "redis-check-rdb")),
    Case("redis-benchmark: what it measures, with pipelines and threads", SH, REDIS + "redis-benchmark -s s --csv -n 100 -c 10 -P 2 -t ping,set,get,incr,lpush,rpop,sadd,zadd,lrange_100,mset | cut -d, -f1; redis-benchmark -s s -q -n 100 -c 50 -t get --threads 2 | grep -c GET; $r dbsize; stop", needs=("redis-server", "redis-cli", "redis-benchmark")),
    Case("PostgreSQL: initdb, and queries in single-user mode", SH, POSTGRESQL, stdin=QUERIES, needs=("/usr/lib/postgresql/15/bin/initdb",), env={"BIN": "/usr/lib/postgresql/15/bin"}, slow="initdb is half a minute of computing"),
    Case("tmux: a shell in a window, keys and what it shows", SH, "t='tmux -S s -f /dev/null'; $t new-session -d -x 80 -y 20 'PS1=\"% \" exec sh -i'; i=0; while ! $t capture-pane -p | grep -q '^%' && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done; $t send-keys 'echo in$((1 + 1))side; stty size' Enter; i=0; while ! $t capture-pane -p | grep -q '^20 80' && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done; $t capture-pane -p | grep -v '^$'; $t split-window -v 'sleep 60'; $t list-panes -F '#{pane_height} #{pane_width}'; $t kill-server; echo $?; rm -f s", needs=("tmux",), env={"TERM": "xterm", "SHELL": "/bin/sh"}, stderr=False),
]  # fmt: skip
