// Go: an HTTP server and its clients in one process: TCP, a UNIX socket, TLS, concurrent requests, timeouts, shutdown.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		check(err)
		w.Header().Set("X-Method", r.Method)
		fmt.Fprint(w, strings.ToUpper(string(body)))
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 5; i++ {
			fmt.Fprintln(w, "chunk", i)
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.Handle("/files/", http.StripPrefix("/files/", http.FileServer(http.Dir("."))))
	return mux
}

func show(client *http.Client, url string) {
	answer, err := client.Get(url)
	check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(err)
	fmt.Printf("%s %s %d bytes %.40q\n", answer.Proto, answer.Status, len(body), body)
}

func concurrent(base string) {
	var all sync.WaitGroup
	var mutex sync.Mutex
	good := 0
	for i := 0; i < 20; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			said := fmt.Sprint("client ", i)
			answer, err := http.Post(base+"/echo", "text/plain", strings.NewReader(said))
			check(err)
			body, err := io.ReadAll(answer.Body)
			check(err)
			answer.Body.Close()
			mutex.Lock()
			defer mutex.Unlock()
			if string(body) == strings.ToUpper(said) && answer.Header.Get("X-Method") == "POST" {
				good++
			}
		}(i)
	}
	all.Wait()
	fmt.Println("concurrent", good)
}

func main() {
	check(os.WriteFile("page", []byte(strings.Repeat("0123456789", 30000)), 0o644))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := &http.Server{Handler: handler()}
	ended := make(chan error)
	go func() { ended <- server.Serve(listener) }()
	base := "http://" + listener.Addr().String()
	for _, path := range []string{"/echo", "/stream", "/files/page", "/none"} {
		show(http.DefaultClient, base+path)
	}
	concurrent(base)
	_, err = (&http.Client{Timeout: 50 * time.Millisecond}).Get(base + "/slow")
	fmt.Println("timeout", os.IsTimeout(err))
	http.DefaultClient.CloseIdleConnections() // one that was never used would keep Shutdown waiting
	check(server.Shutdown(context.Background()))
	fmt.Println(<-ended)
	_, err = net.Dial("tcp", listener.Addr().String())
	fmt.Println("refused", err != nil)

	local, err := net.Listen("unix", "socket")
	check(err)
	go http.Serve(local, handler())
	dial := func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", "socket") }
	show(&http.Client{Transport: &http.Transport{DialContext: dial}}, "http://local/stream")
	check(local.Close())

	secure := httptest.NewTLSServer(handler())
	show(secure.Client(), secure.URL+"/stream")
	secure.Close()
	check(os.Remove("page"))
}
