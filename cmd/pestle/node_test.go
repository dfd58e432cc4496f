package main

import (
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/node"
	memlog "github.com/pestle-fhir/pestle/store/log/mem"
)

// nodeOfTwo is a server that follows a log of this process.
type nodeOfTwo struct {
	t    *testing.T
	seat *node.Named
	base string
	app  *app
	stop func()
}

func startNode(t *testing.T, name, public string, l *memlog.Log) *nodeOfTwo {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys.json")
	require.NoError(t, os.WriteFile(keys, []byte(`{"keys":[{"kty":"oct","k":"`+base64.RawURLEncoding.EncodeToString([]byte(tlsSecret))+`"}]}`), 0o600))
	c := &serveCommand{Addr: listener.Addr().String(), PublicURL: public, Site: "FA565", Data: filepath.Join(dir, "data"), Keys: keys, Issuer: "i", Audience: "a", IssueTokens: true, Secret: tlsSecret, DrainSeconds: 5, VerifyShare: 10}
	require.NoError(t, c.complete())
	n := &nodeOfTwo{t: t, seat: &node.Named{}, base: "http://" + listener.Addr().String()}
	c.seat, c.nodeName = n.seat, name
	log := slog.New(slog.DiscardHandler)
	config := c.appConfig()
	config.Journal, config.Origins, config.Address = l, origins(c.PublicURL, listener.Addr()), c.PublicURL
	n.app, err = openApp(config, log)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, n.app, listener, log, streams{out: io.Discard, err: io.Discard}) }()
	n.stop = func() {
		stop()
		require.NoError(t, <-served)
		require.NoError(t, n.app.close())
	}
	return n
}

func nodeToken(t *testing.T) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "i", "aud": "a", "sub": "clinic", "organisation": "FA565", "scope": "system/*.cruds system/$metrics system/$client-ids", "exp": time.Now().Add(time.Minute).Unix()}).SignedString([]byte(tlsSecret))
	require.NoError(t, err)
	return token
}

func (n *nodeOfTwo) ask(method, path, body string, headers ...string) (int, string, http.Header) {
	r, err := http.NewRequest(method, n.base+path, strings.NewReader(body))
	require.NoError(n.t, err)
	r.Header.Set("Authorization", "Bearer "+nodeToken(n.t))
	r.Header.Set("Content-Type", "application/fhir+json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(n.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(n.t, err)
	return answer.StatusCode, string(text), answer.Header
}

// TestNodes: of two servers the one that is named takes writes, of both; the other reads
// what it wrote at once. The same after they have changed places, and what the one knew
// of clients the other knows.
func TestNodes(t *testing.T) {
	l := memlog.New()
	nodes := []*nodeOfTwo{startNode(t, "one", "http://pharmacy.example", l), startNode(t, "two", "http://pharmacy.example", l)}
	defer nodes[0].stop()
	defer nodes[1].stop()
	const patient = `{"resourceType":"Patient","gender":"female","identifier":[{"system":"urn:x","value":"1"}]}`
	status, text, h := nodes[0].ask("POST", "/fhir/Patient", patient)
	require.Equal(t, http.StatusServiceUnavailable, status, text)
	require.Equal(t, "1", h.Get("Retry-After"))
	require.Contains(t, text, "No server takes writes at this moment.")

	for round, leader := range []*nodeOfTwo{nodes[0], nodes[1]} {
		other := nodes[1-round]
		leader.seat.Name(true, uint64(round+1), "")
		other.seat.Name(false, 0, leader.base)
		require.Eventually(t, func() bool {
			_, text, _ := leader.ask("GET", "/health", "")
			return strings.Contains(text, "leads in term")
		}, 20*time.Second, 10*time.Millisecond)
		for _, n := range []*nodeOfTwo{leader, other} {
			status, text, h := n.ask("POST", "/fhir/Patient", patient, "If-None-Exist", "identifier=urn:x|1")
			require.Contains(t, []int{http.StatusOK, http.StatusCreated}, status, text)
			at, _ := strings.CutPrefix(h.Get("Location"), "http://pharmacy.example")
			status, text, _ = n.ask("GET", at, "")
			require.Equal(t, http.StatusOK, status, text)
		}
		status, text, _ := other.ask("GET", "/fhir/Patient?gender=female&_summary=count", "", "Pestle-Consistency", "strong")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, text, `"total":1`, "the condition held for both nodes and in both terms")
		_, text, _ = other.ask("GET", "/health", "")
		require.Contains(t, text, "follows in term")
		require.Contains(t, text, "the leader is at "+leader.base)
		_, text, _ = other.ask("GET", "/metrics", "")
		require.Contains(t, text, "pestle_node_leads 0")
		require.Contains(t, text, "pestle_node_lag_records 0")
		if round == 0 {
			require.NoError(t, leader.app.db.Shelf().Write(map[string][]byte{"note": []byte("kept")}))
			require.Error(t, other.app.db.Shelf().Write(map[string][]byte{"note": []byte("lost")}))
			leader.seat.Name(false, 0, "")
		}
	}
	require.Eventually(t, func() bool { return nodes[0].app.db.Role().Place == nodes[1].app.db.Role().Place }, 10*time.Second, 10*time.Millisecond)
	note, err := nodes[0].app.db.Shelf().Get("note")
	require.NoError(t, err)
	require.Equal(t, "kept", string(note))
	one, _, err := nodes[0].app.db.Digest(t.Context())
	require.NoError(t, err)
	two, _, err := nodes[1].app.db.Digest(t.Context())
	require.NoError(t, err)
	require.Equal(t, one, two)
}
