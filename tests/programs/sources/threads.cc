/* C++: std::thread, std::async, promises, exceptions across threads, condition variables, thread_local. */
#include <thread>
#include <future>
#include <mutex>
#include <condition_variable>
#include <atomic>
#include <iostream>
#include <vector>
#include <shared_mutex>
int main(){ std::atomic<long> n{0}; std::vector<std::thread> v; for(int i=0;i<10;i++) v.emplace_back([&]{for(int k=0;k<10000;k++)n++;}); for(auto&t:v)t.join(); std::cout<<n<<"\n";
 auto f=std::async(std::launch::async,[](int a){std::this_thread::sleep_for(std::chrono::milliseconds(5));return a*2;},21); std::cout<<f.get()<<"\n";
 std::promise<int> p; auto g=p.get_future(); std::thread t([&]{p.set_value(7);}); std::cout<<g.get()<<"\n"; t.join();
 try { std::async(std::launch::async,[]{throw std::runtime_error("from a thread");}).get(); } catch(std::exception&e){std::cout<<e.what()<<"\n";}
 std::mutex m; std::condition_variable c; int k=0; std::thread a([&]{for(int i=0;i<100;i++){std::unique_lock l(m); c.wait(l,[&]{return k%2;}); k++; c.notify_all();}}); for(int i=0;i<100;i++){std::unique_lock l(m); c.wait(l,[&]{return k%2==0;}); k++; c.notify_all();} a.join(); std::cout<<k<<"\n";
 thread_local int tl=3; std::thread([&]{tl=4;}).join(); std::cout<<tl<<"\n"; std::once_flag o; for(int i=0;i<3;i++)std::call_once(o,[]{std::cout<<"once\n";}); }
