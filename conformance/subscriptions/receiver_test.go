package subscriptions

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
)

func TestMain(m *testing.M) { process.Main(m) }

type object = map[string]any

// call is one that the receiver got.
type call struct {
	header http.Header
	text   []byte
	body   object
}

// receiver is an endpoint that stays at its address while the server is killed.
type receiver struct {
	url   string
	mu    sync.Mutex
	calls []call
	down  bool // it answers 503
}

func listen(t *testing.T) *receiver {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &receiver{url: "http://" + l.Addr().String() + "/hook"}
	s := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	text, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c := call{header: req.Header, text: text}
	_ = json.Unmarshal(text, &c.body)
	r.calls = append(r.calls, c)
}

// await waits until the calls are as is wanted.
func (r *receiver) await(t *testing.T, limit time.Duration, enough func([]call) bool) []call {
	t.Helper()
	var calls []call
	require.Eventually(t, func() bool {
		r.mu.Lock()
		calls = append([]call(nil), r.calls...)
		r.mu.Unlock()
		return enough(calls)
	}, limit, 5*time.Millisecond)
	return calls
}

func atLeast(n int) func([]call) bool { return func(c []call) bool { return len(c) >= n } }

// signed checks a call by the text of Standard Webhooks: HMAC-SHA256 of id, timestamp and
// body, joined by full stops, under the key after whsec_.
func (c call) signed(secret string) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", c.header.Get("webhook-id"), c.header.Get("webhook-timestamp"), c.text)
	for entry := range strings.FieldsSeq(c.header.Get("webhook-signature")) {
		if entry == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature is by the secret")
}

// status are the parameters of a notification's first entry.
func (c call) status() (out object, events []object) {
	entries, _ := c.body["entry"].([]any)
	if len(entries) == 0 {
		return nil, nil
	}
	return parameters(entries[0].(object)["resource"].(object))
}

func parameters(resource object) (out object, events []object) {
	out = object{}
	list, _ := resource["parameter"].([]any)
	for _, p := range list {
		p := p.(object)
		if p["name"] == "notification-event" {
			event := object{}
			for _, part := range p["part"].([]any) {
				event[part.(object)["name"].(string)] = valueOf(part.(object))
			}
			events = append(events, event)
			continue
		}
		out[p["name"].(string)] = valueOf(p)
	}
	return out, events
}

func valueOf(p object) any {
	for name, value := range p {
		if strings.HasPrefix(name, "value") {
			return value
		}
	}
	return nil
}

// site is a server, with requests to it.
type site struct {
	*process.Server
	t *testing.T
}

func (s site) do(method, path string, body any, want int) object {
	s.t.Helper()
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		require.NoError(s.t, err)
	}
	status, answer, err := s.Send(method, "/fhir"+path, text, "Content-Type", "application/fhir+json", "Pestle-Person", "pharmacist")
	require.NoError(s.t, err)
	require.Equal(s.t, want, status, "%s %s: %s", method, path, answer)
	var out object
	if len(answer) > 0 {
		require.NoError(s.t, json.Unmarshal(answer, &out))
	}
	return out
}

const guide = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

// subscription is one to a topic, by the profile backport-subscription.
func subscription(topic, endpoint, content string, channel ...object) object {
	extensions := []any{}
	for _, e := range channel {
		extensions = append(extensions, e)
	}
	out := object{"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json",
		"_payload": object{"extension": []any{object{"url": guide + "backport-payload-content", "valueCode": content}}}}
	if len(extensions) > 0 {
		out["extension"] = extensions
	}
	return object{"resourceType": "Subscription", "meta": object{"profile": []any{guide + "backport-subscription"}}, "status": "requested", "reason": "conformance", "criteria": topic, "channel": out}
}

// becomes waits for the status of a Subscription.
func (s site) becomes(id, status string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.do("GET", "/Subscription/"+id, nil, 200)["status"] == status }, 20*time.Second, 10*time.Millisecond)
}

// query asks the prescriber something, by which the topic prescription-queried is met.
func (s site) query() string {
	s.t.Helper()
	return s.do("POST", "/CommunicationRequest", object{"resourceType": "CommunicationRequest", "status": "active", "payload": []any{object{"contentString": "Is this the dose?"}}}, 201)["id"].(string)
}
