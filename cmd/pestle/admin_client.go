package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// remote names a server that does the work of a command, in the place of a
// folder. The token itself is never in the environment or among the arguments,
// which other processes can read.
type remote struct {
	Server    string `env:"PESTLE_SERVER" placeholder:"URL" help:"Server that does the work, such as https://pestle.example, in the place of a folder."`
	TokenFile string `placeholder:"FILE" help:"File with the access token for --server, which is all that the command may do (docs/administration.md)."`
	CAFile    string `name:"ca-file" placeholder:"FILE" help:"Certificates (PEM) of who signs the certificate of --server, in the place of those of the system."`
}

// administration reaches a server that takes commands.
type administration struct {
	client *http.Client
	base   string // socketBase, or the address of a server
	token  string // "" on the socket
}

// socketBase is the address of the server at the other end of a socket.
const socketBase = "http://pestle"

// reach is the server that does the work of a command: the one that --server
// names, else the one that has the folder open; nil where none has, and the
// command opens the folder itself.
func (r remote) reach(data string) (*administration, error) {
	if r.Server != "" {
		return r.connect()
	}
	if r.TokenFile != "" {
		return nil, errors.New("--token-file is for a server: name it with --server URL")
	}
	return administered(data), nil
}

// administered is the server that has a folder open, nil where none has.
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
	return &administration{base: socketBase, client: &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16}}}
}

// connect prepares the way to the server that is named.
func (r remote) connect() (*administration, error) {
	u, err := url.Parse(r.Server)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("--server %q is not the address of a server: expected such as https://pestle.example", r.Server)
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("--server %s: a token is not sent without TLS: use https://%s", r.Server, u.Host)
	}
	base := strings.TrimRight(u.String(), "/")
	for _, b := range server.Bases { // the address of the API is that of the server
		base = strings.TrimSuffix(base, b)
	}
	a := &administration{base: base}
	if a.token, err = r.readToken(); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	if transport.TLSClientConfig, err = r.trust(); err != nil {
		return nil, err
	}
	a.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return a, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// readToken reads the token, "" where none is named.
func (r remote) readToken() (string, error) {
	if r.TokenFile == "" {
		return "", nil
	}
	return readSecret("--token-file", r.TokenFile)
}

// readSecret reads a file that holds one secret and nothing else.
func readSecret(flag, name string) (string, error) {
	text, err := readPrivate(flag, name)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(text)
	if secret == "" || strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", fmt.Errorf("%s: %s does not hold one access token, or another secret, and nothing else", flag, name)
	}
	return secret, nil
}

// readPrivate reads a file that not everybody may read.
func readPrivate(flag, name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("%s: %s can be read by everybody (mode %04o): chmod 0600 %s", flag, name, info.Mode().Perm(), name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return string(text), nil
}

// trust is the system's certificates, or those that are named.
func (r remote) trust() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(r.CAFile)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca-file: %s holds no certificate in PEM", r.CAFile)
	}
	return config, nil
}

// post gives a command to the server. A refusal is an error with its words.
func (a *administration) post(path string, q url.Values, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, a.base+adminPath+path+"?"+q.Encode(), body)
	if err != nil {
		return nil, err
	}
	a.sign(r.Header)
	answer, err := a.client.Do(r)
	if err != nil {
		return nil, a.unreached(err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer func() { _ = answer.Body.Close() }()
	return nil, a.refusal(answer)
}

// copied writes a streamed answer, and closes it. One that the server broke off is
// an error.
func copied(out io.Writer, answer *http.Response) error {
	_, err := io.Copy(out, answer.Body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the server broke its answer off, and what came of it is not complete; its log says why: %w", err)
	}
	return errors.Join(err, answer.Body.Close())
}

// refusal is why a server did not do what it was asked.
func (a *administration) refusal(answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	says := strings.TrimSpace(string(text))
	switch {
	case answer.StatusCode == http.StatusUnauthorized && a.token == "":
		return fmt.Errorf("%s asks for an access token: name the file that holds it with --token-file", a.base)
	case answer.StatusCode == http.StatusNotFound || answer.StatusCode >= 300 && answer.StatusCode < 400:
		return fmt.Errorf("%s is not a server that takes commands (status %d): name the address of a Pestle server with --server", a.base, answer.StatusCode)
	case says == "":
		return fmt.Errorf("the server answered with status %d", answer.StatusCode)
	}
	return errors.New(says)
}

// unreached says what to do about a server that does not answer.
func (a *administration) unreached(err error) error {
	if a.base == socketBase {
		return fmt.Errorf("the server that has the folder open does not answer: %w", err)
	}
	if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) {
		return fmt.Errorf("%s is not trusted: %w; --ca-file names the certificates of who signed its certificate", a.base, err)
	}
	return fmt.Errorf("%s cannot be reached: %w", a.base, err)
}

// begin tells the server of this machine that a load begins; it refuses another
// version's.
func (a *administration) begin() error {
	if a.base != socketBase {
		return nil
	}
	answer, err := a.post("load", nil, nil)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// forward is the server's own handler of resources.
func (a *administration) forward() http.Handler {
	base, err := url.Parse(a.base)
	if err != nil {
		panic(err) // it was parsed before
	}
	return &httputil.ReverseProxy{Transport: a.client.Transport, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(base)
			a.sign(r.Out.Header)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write(fhir.Outcome([]fhir.Issue{{Severity: fhir.Err, Code: fhir.Exception, Message: a.unreached(err).Error()}}).JSON())
		}}
}

func (a *administration) sign(h http.Header) {
	h.Set(headerVersion, version())
	if a.token != "" {
		h.Set("Authorization", "Bearer "+a.token)
	}
}
