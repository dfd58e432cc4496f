package subscriptions

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
)

// topicOf finds a topic as a client does: by the extension of the CapabilityStatement.
func (s site) topicOf(name string) string {
	s.t.Helper()
	statement := s.do("GET", "/metadata", nil, 200)
	require.Contains(s.t, statement["instantiates"], "http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4")
	for _, r := range statement["rest"].([]any)[0].(object)["resource"].([]any) {
		r := r.(object)
		if r["type"] != "Subscription" {
			continue
		}
		var names []string
		for _, o := range r["operation"].([]any) {
			names = append(names, o.(object)["name"].(string))
		}
		require.Subset(s.t, names, []string{"status", "events", "get-ws-binding-token"})
		for _, e := range r["extension"].([]any) {
			e := e.(object)
			if e["url"] == guide+"capabilitystatement-subscriptiontopic-canonical" && strings.HasSuffix(e["valueCanonical"].(string), "/"+name) {
				return e["valueCanonical"].(string)
			}
		}
	}
	require.Fail(s.t, "the topic is not offered", name)
	return ""
}

// framed checks what holds of every notification: backport-subscription-notification-r4.
func framed(t *testing.T, c call, id, kind string) (status object, events []object) {
	t.Helper()
	require.Equal(t, "application/fhir+json", strings.Split(c.header.Get("Content-Type"), ";")[0])
	require.Equal(t, "Bundle", c.body["resourceType"])
	require.Equal(t, "history", c.body["type"])
	require.NotEmpty(t, c.body["timestamp"])
	first := c.body["entry"].([]any)[0].(object)
	require.True(t, strings.HasPrefix(first["fullUrl"].(string), "urn:uuid:"))
	require.Equal(t, "Parameters", first["resource"].(object)["resourceType"])
	require.Equal(t, "GET", first["request"].(object)["method"])
	require.True(t, strings.HasSuffix(first["request"].(object)["url"].(string), "Subscription/"+id+"/$status"))
	require.True(t, strings.HasPrefix(first["response"].(object)["status"].(string), "200"))
	for _, e := range c.body["entry"].([]any)[1:] { // bdl-3, bdl-4
		require.NotEmpty(t, e.(object)["request"])
		require.NotEmpty(t, e.(object)["response"])
	}
	status, events = c.status()
	require.Equal(t, kind, status["type"])
	require.True(t, strings.HasSuffix(status["subscription"].(object)["reference"].(string), "Subscription/"+id))
	_, err := strconv.ParseUint(status["events-since-subscription-start"].(string), 10, 64)
	require.NoError(t, err, "a string of decimal digits")
	return status, events
}

// TestBackport is a handshake, events with each content, a heartbeat, $status and $events.
func TestBackport(t *testing.T) {
	s := site{process.Start(t, t.TempDir()), t}
	topic := s.topicOf("prescription-queried")
	for _, content := range []string{"empty", "id-only", "full-resource"} {
		in := listen(t)
		id := s.do("POST", "/Subscription", subscription(topic, in.url, content, object{"url": guide + "backport-heartbeat-period", "valueUnsignedInt": 5}), 201)["id"].(string)

		handshake := in.await(t, 20*time.Second, atLeast(1))[0]
		status, events := framed(t, handshake, id, "handshake")
		require.Equal(t, "requested", status["status"])
		require.Equal(t, "0", status["events-since-subscription-start"])
		require.Empty(t, events)
		require.Len(t, handshake.body["entry"], 1)
		s.becomes(id, "active")
		secret := s.do("POST", "/Subscription/"+id+"/$webhook-secret", nil, 200)["parameter"].([]any)[0].(object)["valueString"].(string)
		require.NoError(t, handshake.signed(secret))

		asked := s.query()
		event := in.await(t, 20*time.Second, atLeast(2))[1]
		require.NoError(t, event.signed(secret))
		status, events = framed(t, event, id, "event-notification")
		require.Equal(t, "active", status["status"])
		require.Equal(t, "1", status["events-since-subscription-start"])
		require.Len(t, events, 1)
		require.Equal(t, "1", events[0]["event-number"])
		require.NotEmpty(t, events[0]["timestamp"])
		rest := event.body["entry"].([]any)[1:]
		switch content {
		case "empty":
			require.NotContains(t, events[0], "focus")
			require.NotContains(t, status, "topic")
			require.Empty(t, rest)
		case "id-only":
			require.True(t, strings.HasSuffix(events[0]["focus"].(object)["reference"].(string), "CommunicationRequest/"+asked))
			require.Empty(t, rest)
		case "full-resource":
			require.Equal(t, topic, status["topic"])
			require.Len(t, rest, 1)
			require.Equal(t, asked, rest[0].(object)["resource"].(object)["id"])
			require.True(t, strings.HasSuffix(rest[0].(object)["fullUrl"].(string), "CommunicationRequest/"+asked))
		}

		answer := s.do("GET", "/Subscription/"+id+"/$status", nil, 200)
		require.Equal(t, "searchset", answer["type"])
		status, _ = parameters(answer["entry"].([]any)[0].(object)["resource"].(object))
		require.Equal(t, "query-status", status["type"])
		require.Equal(t, "1", status["events-since-subscription-start"])
		past := call{body: s.do("GET", "/Subscription/"+id+"/$events?eventsSinceNumber=1&eventsUntilNumber=1", nil, 200)}
		status, events = past.status()
		require.Equal(t, "query-event", status["type"])
		require.Len(t, events, 1)

		if content == "empty" { // the others would only wait as long
			beat := in.await(t, 20*time.Second, atLeast(3))[2]
			status, events = framed(t, beat, id, "heartbeat")
			require.Equal(t, "1", status["events-since-subscription-start"])
			require.Empty(t, events)
		}
		s.do("DELETE", "/Subscription/"+id, nil, 200)
	}
}

// TestKills kills the server again and again while events happen, and stops the receiver
// now and then. Every event arrives; in the order of their numbers, but for those that come
// again; and each number is of one event.
func TestKills(t *testing.T) {
	data, in := t.TempDir(), listen(t)
	s := site{process.Start(t, data), t}
	id := s.do("POST", "/Subscription", subscription(s.topicOf("prescription-queried"), in.url, "id-only", object{"url": guide + "backport-max-count", "valuePositiveInt": 3}), 201)["id"].(string)
	s.becomes(id, "active")
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a seed
	var asked []string
	for range 4 {
		for range 5 + rnd.IntN(20) {
			asked = append(asked, s.query())
		}
		if rnd.IntN(2) == 0 {
			time.Sleep(time.Duration(rnd.IntN(20)) * time.Millisecond)
		}
		s.Kill()
		s = site{process.Start(t, data), t}
	}
	by := map[string]string{}
	in.await(t, 30*time.Second, func(calls []call) bool {
		clear(by)
		last := uint64(0)
		for _, c := range calls {
			_, events := c.status()
			for _, e := range events {
				n, err := strconv.ParseUint(e["event-number"].(string), 10, 64)
				require.NoError(t, err)
				require.LessOrEqual(t, n, last+1, "no number is left out")
				last = max(last, n)
				focus := e["focus"].(object)["reference"].(string)
				focus = focus[strings.LastIndex(focus, "/")+1:]
				if was, ok := by[fmt.Sprint(n)]; ok {
					require.Equal(t, was, focus, "a number is of one event")
				}
				by[fmt.Sprint(n)] = focus
			}
		}
		return len(by) >= len(asked)
	})
	for i, id := range asked {
		require.Equal(t, id, by[fmt.Sprint(i+1)])
	}
}
