package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files are where the certificates of a server are, in PEM.
type Files struct {
	Cert, Key string // the server's, with those that lead to its root behind it
	ClientCA  string // of who may sign clients' certificates; "" for none
}

// TLS is the configuration of a listener. The files are read again when they have
// changed, so that new certificates take effect without a restart; while they
// cannot be read, those of before stay.
type TLS struct {
	files   Files
	minimum uint16
	log     *slog.Logger
	every   time.Duration // between two looks at the files

	mu      sync.Mutex
	looked  time.Time
	seen    string // what the files were like
	current *tls.Config
}

// NewTLS reads the files. minimum is a version such as [tls.VersionTLS12].
func NewTLS(files Files, minimum uint16, log *slog.Logger) (*TLS, error) {
	t := &TLS{files: files, minimum: minimum, log: log, every: time.Second, looked: time.Now()}
	t.seen = t.state()
	var err error
	t.current, err = t.load()
	return t, err
}

// Config is what a listener needs. Its protocol is HTTP/1.1.
func (t *TLS) Config() *tls.Config {
	return &tls.Config{MinVersion: t.minimum, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.fresh(), nil }}
}

// fresh is the configuration of the files as they are.
func (t *TLS) fresh() *tls.Config {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.looked) < t.every {
		return t.current
	}
	t.looked = time.Now()
	state := t.state()
	if state == t.seen {
		return t.current
	}
	t.seen = state
	next, err := t.load()
	if err != nil {
		t.log.Error("the certificate files have changed and cannot be used; those of before stay", "error", err)
		return t.current
	}
	t.current = next
	t.log.Info("the certificate files were read again", "cert", t.files.Cert)
	return t.current
}

// state changes with the files.
func (t *TLS) state() (out string) {
	for _, name := range []string{t.files.Cert, t.files.Key, t.files.ClientCA} {
		if info, err := os.Stat(name); err == nil {
			out += fmt.Sprintf("%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		}
	}
	return out
}

func (t *TLS) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(t.files.Cert, t.files.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", t.files.Cert, t.files.Key, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
		t.log.Warn("the certificate is not valid now: clients refuse it", "cert", t.files.Cert, "from", pair.Leaf.NotBefore, "until", pair.Leaf.NotAfter)
	}
	config := &tls.Config{MinVersion: t.minimum, Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	return config, withClients(config, t.files.ClientCA)
}

// certificatesIn reads certificates in PEM.
func certificatesIn(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %w", file, errNoCertificate)
	}
	return pool, nil
}

// withClients lets clients show certificates that are signed by those in a file; "" for
// none.
func withClients(config *tls.Config, file string) error {
	if file == "" {
		return nil
	}
	pool, err := certificatesIn(file)
	if err != nil {
		return fmt.Errorf("certificates of who signs clients': %w", err)
	}
	config.ClientCAs, config.ClientAuth = pool, tls.VerifyClientCertIfGiven
	return nil
}

var errNoCertificate = errors.New("expected certificates in PEM, found none")
