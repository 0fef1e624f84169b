// Rust: threads, channels, mutexes, condition variables, panics, scopes, barriers.
use std::sync::{mpsc,Arc,Mutex,Condvar,RwLock,Barrier}; use std::thread; use std::time::Duration;
fn main(){ let (tx,rx)=mpsc::channel(); for i in 0..4{let tx=tx.clone(); thread::spawn(move||{for k in 0..50{tx.send(i*100+k).unwrap();}});} drop(tx); let s:i32=rx.iter().sum(); println!("{}",s);
 let m=Arc::new(Mutex::new(0)); let h:Vec<_>=(0..8).map(|_|{let m=m.clone();thread::spawn(move||for _ in 0..1000{*m.lock().unwrap()+=1;})}).collect(); for x in h{x.join().unwrap();} println!("{}",*m.lock().unwrap());
 let p=Arc::new((Mutex::new(false),Condvar::new())); let p2=p.clone(); thread::spawn(move||{thread::sleep(Duration::from_millis(5)); *p2.0.lock().unwrap()=true; p2.1.notify_one();}); let mut g=p.0.lock().unwrap(); while !*g{g=p.1.wait(g).unwrap();} println!("woken");
 let r=thread::spawn(||{std::panic::resume_unwind(Box::new(1))}).join(); println!("{}",r.is_err()); thread::scope(|s|{s.spawn(||println!("scoped"));}); let b=Arc::new(Barrier::new(2)); let c=b.clone(); let t=thread::spawn(move||c.wait().is_leader()); let x=b.wait().is_leader(); println!("{}",x^t.join().unwrap()); let _=RwLock::new(1);
 println!("{:?}", rx.recv_timeout(Duration::from_millis(2)).is_err()); }
