// Rust: std::net and UNIX sockets with a thread for each client, bounded channels, child processes, time-outs, panics.
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::thread;
use std::time::Duration;

fn answer(stream: TcpStream) {
    let mut out = stream.try_clone().unwrap();
    for line in BufReader::new(stream).lines() {
        writeln!(out, "{}", line.unwrap().to_uppercase()).unwrap();
    }
}

fn ask(port: u16, n: usize) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    writeln!(stream, "client {n}").unwrap();
    writeln!(stream, "again {n}").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    all
}

fn tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let handlers: Vec<_> = listener.incoming().take(6).map(|s| thread::spawn(|| answer(s.unwrap()))).collect();
        handlers.into_iter().for_each(|h| h.join().unwrap());
    });
    let clients: Vec<_> = (0..6).map(|n| thread::spawn(move || ask(port, n))).collect();
    for client in clients {
        println!("{:?}", client.join().unwrap());
    }
    server.join().unwrap();
    println!("{:?}", TcpStream::connect(("127.0.0.1", port)).map(|_| ()).unwrap_err().kind());
}

fn datagrams() {
    let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    a.connect(b.local_addr().unwrap()).unwrap();
    a.send(b"datagram").unwrap();
    let mut buffer = [0; 16];
    let (size, from) = b.recv_from(&mut buffer).unwrap();
    println!("{:?} {}", std::str::from_utf8(&buffer[..size]), from == a.local_addr().unwrap());
    b.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    println!("{:?}", b.recv(&mut buffer).unwrap_err().kind() == ErrorKind::WouldBlock);
    let (mut left, mut right) = UnixStream::pair().unwrap();
    left.write_all(b"unix").unwrap();
    drop(left);
    let mut text = String::new();
    right.read_to_string(&mut text).unwrap();
    println!("{text}");
}

fn channels() {
    let (send, receive) = sync_channel(2);
    let sender = thread::spawn(move || (0..100).for_each(|n| send.send(n).unwrap()));
    println!("{}", receive.iter().sum::<i32>());
    sender.join().unwrap();
    let (kept, receive) = sync_channel::<()>(0);
    println!("{}", receive.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Timeout));
    drop(kept);
    println!("{}", receive.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Disconnected));
}

fn processes() {
    let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    sort.stdin.take().unwrap().write_all(b"b\na\n").unwrap();
    println!("{:?}", String::from_utf8(sort.wait_with_output().unwrap().stdout));
    println!("{}", Command::new("sh").args(["-c", "exit 3"]).status().unwrap());
    println!("{:?}", Command::new("no-such-program").status().unwrap_err().kind());
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    sleeper.kill().unwrap();
    println!("{}", sleeper.wait().unwrap());
}

fn main() {
    tcp();
    datagrams();
    channels();
    processes();
    println!("{}", thread::spawn(|| panic!("in a thread")).join().is_err());
    std::process::exit(4);
}
