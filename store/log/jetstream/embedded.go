//go:build cluster

package jetstream

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Peer is a node of a cluster whose NATS servers run within the nodes.
type Peer struct {
	Name string
	Addr string // host:port on which the servers speak with each other
}

// Server is the NATS server within a node. It takes no clients but those of its own
// process, which know a password that is drawn at each start: without an address for
// clients, which is on loopback, it would not speak with its peers.
type Server struct {
	server   *server.Server
	password string
}

// Serve starts the server of a node among its peers, itself one of them, with its files
// in a folder. Peers show each other what follows from the secret, under TLS where there
// is a configuration of it, by which both sides show a certificate.
func Serve(name string, peers []Peer, dir string, secret []byte, secure *tls.Config, log server.Logger) (*Server, error) {
	electSoon()
	password, err := hkdf.Key(sha256.New, secret, nil, "pestle cluster routes", 32)
	if err != nil {
		return nil, err
	}
	user := url.UserPassword("pestle", hex.EncodeToString(password))
	word, _ := user.Password()
	opts := &server.Options{ServerName: name, Host: "127.0.0.1", Port: server.RANDOM_PORT, Username: own, Password: rand.Text(), NoSigs: true, JetStream: true, StoreDir: dir, SyncAlways: true, MaxPayload: maxMessage, MaxPending: 64 << 20}
	for _, p := range peers {
		if p.Name != name {
			opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats-route", User: user, Host: p.Addr})
			continue
		}
		host, port, err := net.SplitHostPort(p.Addr)
		if err != nil {
			return nil, err
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			return nil, err
		}
		opts.Cluster = server.ClusterOpts{Name: "pestle", Host: host, Port: number, Username: user.Username(), Password: word, TLSConfig: secure, TLSTimeout: 5, PoolSize: -1, NoAdvertise: true}
	}
	if len(peers) > 1 && opts.Cluster.Name == "" {
		return nil, fmt.Errorf("%s is not one of the nodes of the cluster", name)
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, err
	}
	if log != nil {
		s.SetLogger(log, false, false)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("the NATS server of this node did not start: its address may be in use, see the log")
	}
	return &Server{s, opts.Password}, nil
}

// own is the user of the process.
const own = "own"

// Connect connects the process with its own server.
func (s *Server) Connect(name string) (*nats.Conn, error) {
	return nats.Connect("", append(Options(name), nats.InProcessServer(s.server), nats.UserInfo(own, s.password))...)
}

// Close stops the server.
func (s *Server) Close() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

// Options are those of a connection that does not give up.
func Options(name string) []nats.Option {
	return []nats.Option{nats.Name("pestle " + name), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectBufSize(-1), nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2), nats.RetryOnFailedConnect(true)}
}
