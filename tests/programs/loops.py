"""Programs that wait for several things at once: event loops, two writers of one file, servers on a port of the loopback."""

from programs import Case

SH = ("sh", "-c")
PYTHON = ("python3", "-c")
PORT = "port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => \"127.0.0.1\")->sockport'); "
"""One that the kernel found free."""
WAIT = "wait_for() { n=0; while ! \"$@\" >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 600 ] || exit 99; sleep 0.05; done; }; "

SELECTORS = """
import selectors, socket, os, signal
for kind in (selectors.EpollSelector, selectors.PollSelector, selectors.SelectSelector):
    s, (a, b), (r, w) = kind(), socket.socketpair(), os.pipe()
    s.register(a, selectors.EVENT_READ | selectors.EVENT_WRITE, "a"); s.register(r, selectors.EVENT_READ, "pipe")
    print(kind.__name__, sorted((k.data, m) for k, m in s.select(0)))
    b.send(b"x"); os.write(w, b"y"); print(sorted((k.data, m) for k, m in s.select()))
    s.modify(a, selectors.EVENT_READ, "A"); a.recv(1); os.read(r, 1); print(s.select(0.02)); b.close()
    print([(k.data, m) for k, m in s.select()]); s.unregister(r); s.close()
signal.signal(signal.SIGALRM, lambda *_: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.05)
print(selectors.DefaultSelector().select(0.2))
"""
REDIS = (
    PORT + WAIT + "redis-server --port $port --save '' --daemonize no --unixsocket ./r.sock --dir . >log 2>&1 & server=$!; "
    "cli() { redis-cli -p $port \"$@\"; }; wait_for cli PING; "
    "cli SET key value; cli GET key; cli INCR n; cli INCRBY n 41; cli RPUSH list a b c; cli LRANGE list 0 -1; "
    "redis-cli -s ./r.sock GET key; "
    "cli SUBSCRIBE news >heard & hearer=$!; wait_for sh -c \"redis-cli -p $port PUBSUB NUMSUB news | grep -qx 1\"; "
    "cli PUBLISH news hello; wait_for grep -q hello heard; kill $hearer; cat heard; "
    "cli EVAL 'return redis.call(\"GET\", KEYS[1])' 1 key; cli SHUTDOWN NOSAVE; wait $server; echo $?; rm -f log r.sock heard"
)
TLS = (
    PORT + WAIT + "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=localhost "
    "2>/dev/null; openssl s_server -accept 127.0.0.1:$port -key k.pem -cert c.pem -rev -quiet >server 2>&1 & server=$!; "
    "wait_for sh -c \"echo | openssl s_client -connect 127.0.0.1:$port\"; "
    "(echo hello; wait_for grep -q olleh answer) | openssl s_client -connect 127.0.0.1:$port -quiet -no_ign_eof -CAfile c.pem >answer 2>/dev/null; "
    "cat answer; kill $server; wait $server; rm -f k.pem c.pem server answer"
)
RUBY = """
require "socket"; require "open3"
server = TCPServer.new("127.0.0.1", 0)
t = Thread.new { 2.times { c = server.accept; c.puts c.gets.upcase; c.close } }
2.times { |n| s = TCPSocket.new("127.0.0.1", server.addr[1]); s.puts "ruby #{n}"; puts s.gets; s.close }
t.join; r, w = IO.pipe; pid = fork { r.close; w.puts "child"; exit!(3) }; w.close; puts r.read; Process.wait(pid); puts $?.exitstatus
puts Open3.capture2("sort", stdin_data: "b\\na\\n")[0]; q = Queue.new; Thread.new { q << 1 }; puts q.pop; puts IO.select([r], nil, nil, 0.01).inspect
"""
NODE = """
const net = require("net"), fs = require("fs"), {Worker} = require("worker_threads"), {execFileSync} = require("child_process");
const s = net.createServer(c => c.on("data", d => c.end(String(d).toUpperCase()))).listen(0, "127.0.0.1", () => {
  const c = net.connect(s.address().port, "127.0.0.1"); let got = ""; c.on("data", d => got += d).on("close", () => { console.log(got); s.close(); });
  c.write("hello node"); });
s.on("close", () => { const w = new Worker('require("worker_threads").parentPort.postMessage(6 * 7)', {eval: true});
  w.on("message", m => { console.log("worker", m); fs.promises.writeFile("f", "text").then(() => fs.promises.readFile("f", "utf8")).then(t => {
    console.log(t, execFileSync("echo", ["exec"]).toString().trim()); setTimeout(() => console.log("timer"), 10); }); }); });
"""
WRITERS = (
    "sqlite3 d 'create table t(who, n)'; "
    "for who in a b; do (for n in 1 2 3 4 5 6; do sqlite3 -cmd '.timeout 60000' d \"begin immediate; insert into t values('$who', $n); commit\"; done) & done; wait; "
    "sqlite3 d 'select who, count(*), sum(n) from t group by who; pragma integrity_check'; "
    "sqlite3 d 'pragma journal_mode=wal'; (sqlite3 -cmd '.timeout 60000' d \"insert into t values('c', 1)\") & sqlite3 -cmd '.timeout 60000' d \"insert into t values('d', 1)\"; wait; "
    "sqlite3 d \"select count(*) from t; pragma journal_mode=delete\"; rm d"
)
TERMINAL = r"""
import os, pty, select, signal, struct, fcntl, termios, time
def run(argv, steps, rows=24, cols=80):
    pid, fd = pty.fork()
    if pid == 0: os.execvpe(argv[0], argv, {"PATH": os.environ["PATH"], "PS1": "$ ", "TERM": "vt100", "HISTFILE": "", "INPUTRC": "/dev/null"})
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0)); seen = b""
    def until(text):
        nonlocal seen; end = time.monotonic() + 40
        while text not in seen:
            if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]: raise SystemExit("no %r in %r" % (text, seen))
            try: data = os.read(fd, 4096)
            except OSError: data = b""
            if not data: raise SystemExit("ended before %r in %r" % (text, seen))
            seen += data
        at = seen.index(text) + len(text); out, seen = seen[:at], seen[at:]; return out
    for wait, send in steps:
        print(until(wait))
        if callable(send): send(fd)
        elif send is not None: os.write(fd, send)
    while True:
        try: data = os.read(fd, 4096)
        except OSError: break
        if not data: break
        seen += data
    print(seen, os.waitpid(pid, 0)[1]); os.close(fd)
def size(fd): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0)); os.write(fd, b"stty size\n")
run(["bash", "--norc", "--noprofile", "-i"], [(b"$ ", b"set +o emacs; bind 'set enable-bracketed-paste off' 2>/dev/null\n"), (b"$ ", b"echo a$((6*7))b\n"), (b"a42b\r\n$ ", b"tty | cut -c1-8; stty size\n"), (b"24 80\r\n$ ", size), (b"30 100\r\n$ ", b"sleep 60\n"),
    (b"60\r\n", lambda fd: (time.sleep(1), os.write(fd, b"\x1a"))), (b"Stopped", b""), (b"$ ", b"jobs\n"), (b"sleep 60\r\n$ ", b"fg\n"), (b"sleep 60\r\n", lambda fd: (time.sleep(1), os.write(fd, b"\x03"))), (b"$ ", b"echo $?\n"), (b"130\r\n$ ", b"exit 5\n")])
"""

VI = r"""
import os, pty, select, time
open("f", "w").write("world\n")
pid, fd = pty.fork()
if pid == 0: os.execvpe("busybox", ["busybox", "vi", "f"], {"PATH": os.environ["PATH"], "TERM": "vt100"})
def drain(seconds):
    end = time.monotonic() + seconds
    while select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
        try: os.read(fd, 4096)
        except OSError: return
for keys in (b"", b"ihello ", b"\x1b", b"yyp", b":s/hello/there/\r", b":wq\r"):
    os.write(fd, keys); drain(1.5)
print(open("f").read(), os.waitpid(pid, 0)[1])
"""

CASES = [
    Case("python3 selectors: epoll, poll, select, signals", PYTHON, SELECTORS),
    Case("redis-server: SET, GET, lists, pub/sub, scripts", SH, REDIS, needs=("redis-server", "redis-cli", "perl"), stderr=False),
    Case("openssl: s_server and s_client", SH, TLS, needs=("openssl", "perl"), stderr=False),
    Case("sqlite3: two writers", SH, WRITERS, needs=("sqlite3",)),
    Case("bash -i on a pseudo-terminal: jobs, ^Z, ^C, fg, a new size", PYTHON, TERMINAL, needs=("bash",)),
    Case("busybox vi on a pseudo-terminal: insert, copy, substitute, write", PYTHON, VI, needs=("busybox",)),
    Case("ruby: sockets, threads, fork, pipes", ("ruby", "-e"), RUBY),
    Case("node: net, a worker, fs, a child, timers", ("node", "-e"), NODE, stderr=False),
]
