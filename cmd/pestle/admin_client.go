package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/user"
	"path/filepath"
	"strings"
)

// administration reaches the server that has the folder of a database open.
type administration struct {
	client *http.Client
	user   string
}

// administered is the server that has a folder open, nil where none has: then a
// command opens the folder itself.
func administered(data string) *administration {
	path := filepath.Join(data, socketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	conn, err := dial(context.Background(), "", "")
	if err != nil {
		return nil // no server, or one that was killed left its socket
	}
	_ = conn.Close()
	return &administration{client: &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16}}, user: operatingUser()}
}

func operatingUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// post gives a command to the server. A refusal is an error with its words.
func (a *administration) post(path, command string, q url.Values, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://pestle"+path+"?"+q.Encode(), body)
	if err != nil {
		return nil, err
	}
	a.sign(r.Header, command)
	answer, err := a.client.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer func() { _ = answer.Body.Close() }()
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		return nil, fmt.Errorf("%s", strings.TrimSpace(string(text)))
	}
	return answer, nil
}

// forward is the server's own handler of resources.
func (a *administration) forward(command string) http.Handler {
	proxy := &httputil.ReverseProxy{Transport: a.client.Transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", "pestle"
		a.sign(r.Out.Header, command)
	}}
	return proxy
}

func (a *administration) sign(h http.Header, command string) {
	h.Set(headerUser, a.user)
	h.Set(headerCommand, command)
}
