package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// clusterOptions make a server one of several with the same data.
type clusterOptions struct {
	Cluster []string `env:"PESTLE_CLUSTER" name:"cluster" placeholder:"NAME@HOST:PORT" help:"The servers with the same data, this one among them, by the addresses at which they keep their log together; three of them, by repeating it or with commas between (docs/cluster.md)."`
	Node    string   `env:"PESTLE_NODE" name:"node" placeholder:"NAME" help:"Name of this server among those with the same data."`
	NodeURL string   `env:"PESTLE_NODE_URL" name:"node-url" placeholder:"URL" help:"Where the other servers reach the FHIR interface of this one, to pass writes on; the address of --addr unless set."`
	NodeCA  string   `env:"PESTLE_NODE_CA" name:"node-ca" placeholder:"FILE" help:"Certificates (PEM) of who signs those of --node-url and of --cluster-cert."`
	Cert    string   `env:"PESTLE_CLUSTER_CERT" name:"cluster-cert" placeholder:"FILE" help:"Certificate of this server, in PEM, that it shows the other ones of --cluster, and they it."`
	Key     string   `env:"PESTLE_CLUSTER_KEY" name:"cluster-key" placeholder:"FILE" help:"Private key of --cluster-cert in PEM."`

	roots  *x509.CertPool
	secure *tls.Config // between the nodes of Cluster; nil for clear text on this machine
	peers  []string    // NAME@HOST:PORT
	nats   string      // servers that keep the log elsewhere; "" for none
}

// isNATS reports whether a log is kept by NATS servers.
func isNATS(log string) bool {
	return strings.HasPrefix(log, "nats://") || strings.HasPrefix(log, "tls://")
}

// several reports whether the server is one of several.
func (o *clusterOptions) several() bool { return o.nats != "" || len(o.Cluster) > 0 }

// complete refuses what is half configured.
func (o *clusterOptions) complete(c *serveCommand) error {
	if isNATS(c.Log) {
		o.nats = c.Log
	}
	for _, text := range o.Cluster {
		o.peers = append(o.peers, strings.Split(text, ",")...)
	}
	switch {
	case !o.several():
		if o.Node != "" || o.NodeURL != "" || o.Cert != "" || o.Key != "" {
			return errors.New("--node, --node-url, --cluster-cert and --cluster-key are for one of several servers: set --cluster or --log nats://… too")
		}
		return nil
	case c.Log != "" && len(o.Cluster) > 0:
		return errors.New("--log and --cluster: the log is kept elsewhere, or by these servers themselves; set one of the two")
	case c.Sandbox:
		return errors.New("--sandbox is for one server: leave --cluster and --log nats://… out")
	case o.Node == "" || strings.ContainsAny(o.Node, " .*>/\\@,"):
		return errors.New("one of several servers needs --node NAME, its name among them, of letters and digits")
	case len(c.Secret) < 32:
		return errors.New("several servers with the same data need the same --secret (PESTLE_SECRET), of 32 characters at least")
	case c.path() != "":
		return errors.New("several servers keep their log as it is written, so that encryption at rest would not hold: leave the key out, and encrypt the disks (docs/cluster.md)")
	case o.nats != "" && !strings.HasPrefix(o.nats, "tls://") && !local(o.nats):
		return errors.New("--log nats://: what is written goes over the network, so use tls://")
	case c.Place != "":
		return errors.New("--documents is for one server: several keep documents in the database (docs/cluster.md)")
	}
	return errors.Join(o.files(), o.addresses())
}

// files reads the certificates.
func (o *clusterOptions) files() error {
	if o.NodeCA != "" {
		pem, err := os.ReadFile(o.NodeCA)
		if err != nil {
			return fmt.Errorf("--node-ca: %w", err)
		}
		if o.roots = x509.NewCertPool(); !o.roots.AppendCertsFromPEM(pem) {
			return fmt.Errorf("--node-ca: %s holds no certificate in PEM", o.NodeCA)
		}
	}
	if (o.Cert == "") != (o.Key == "") || o.Cert != "" && o.roots == nil {
		return errors.New("--cluster-cert, --cluster-key and --node-ca go together: set all three")
	}
	if o.Cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
	if err != nil {
		return fmt.Errorf("--cluster-cert: %w", err)
	}
	o.secure = &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: o.roots, ClientCAs: o.roots, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}
	return nil
}

// addresses refuses nodes that are not named, or speak in clear text over a network.
func (o *clusterOptions) addresses() error {
	if len(o.Cluster) == 0 {
		return nil
	}
	named := false
	for _, peer := range o.peers {
		name, addr, ok := strings.Cut(peer, "@")
		host, _, err := net.SplitHostPort(addr)
		if !ok || err != nil || name == "" {
			return fmt.Errorf("--cluster %s: expected NAME@HOST:PORT", peer)
		}
		named = named || name == o.Node
		if ip := net.ParseIP(host); o.secure == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("--cluster %s: what is written goes over the network, so the servers need certificates: set --cluster-cert, --cluster-key and --node-ca", peer)
		}
	}
	if !named || len(o.peers) != 3 && len(o.peers) != 1 && len(o.peers) != 5 {
		return fmt.Errorf("--cluster names %d servers: expected 3, or 5, with %s among them", len(o.peers), o.Node)
	}
	return nil
}

// local reports whether all addresses of a list are of this machine.
func local(list string) bool {
	for text := range strings.SplitSeq(list, ",") {
		u, err := url.Parse(text)
		if err != nil {
			return false
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}
