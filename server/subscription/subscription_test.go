package subscription

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

func TestTopics(t *testing.T) {
	list, err := readTopics(topicTable)
	require.NoError(t, err)
	require.NotEmpty(t, list)
	for _, topic := range list {
		for _, trigger := range topic.triggers {
			require.True(t, r4.IsResource(trigger.typ))
			for _, filter := range trigger.filters {
				require.NotNil(t, r4.SearchParameter(trigger.typ, filter), "%s is not filtered by %s", topic.url, filter)
			}
		}
		require.Same(t, topicOf(topic.url), topicOf(topic.url+"|1.0"))
	}
	for _, text := range []string{"a\tb\tTask", "a\tb\tTask\tsometimes\t\tpatient", "a\tb\tTask\tcreated\tfrog=1\tpatient"} {
		_, err := readTopics(text)
		require.ErrorContains(t, err, "topics.tsv:1", text)
	}
}

func TestRuns(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a seed
	for n := range runLength + 1 {
		r := &run{first: 1}
		seq := fhir.Seq(rnd.Uint64N(1 << 40))
		for range n {
			seq += fhir.Seq(rnd.Uint64N(3))
			r.events = append(r.events, event{seq, rnd.IntN(600)})
		}
		back, err := decodeRun(1, r.encode())
		require.NoError(t, err)
		require.Equal(t, r, back)
	}
	require.Equal(t, []uint64{1, 1, runLength + 1}, []uint64{firstOf(1), firstOf(runLength), firstOf(runLength + 1)})
}

func FuzzRun(f *testing.F) {
	f.Add([]byte{1, 0, 1, 1})
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRun(1, b)
		if err != nil {
			return
		}
		again, err := decodeRun(1, r.encode())
		require.NoError(t, err)
		require.Equal(t, r.events, again.events)
	})
}

// shelf is one in memory.
type shelf map[string][]byte

func (s shelf) Write(values map[string][]byte) error {
	for name, value := range values {
		if value == nil {
			delete(s, name)
		} else {
			s[name] = value
		}
	}
	return nil
}

func (s shelf) Get(name string) ([]byte, error) { return s[name], nil }

func (s shelf) Each(f func(string, []byte) error) error {
	for name, value := range s {
		if err := f(name, value); err != nil {
			return err
		}
	}
	return nil
}

// TestNumbers notes events in portions of every size, and reads them back by their
// numbers, before and after the shelf is read anew.
func TestNumbers(t *testing.T) {
	kept := shelf{}
	s := &Service{config: Config{Shelf: kept}, byID: map[string]*line{}}
	l := newLine(s, "a")
	l.plan = &plan{status: active}
	rnd := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a seed
	seq := fhir.Seq(0)
	for seq < 3*runLength+7 {
		var events []event
		for range rnd.IntN(runLength + 100) {
			seq++
			events = append(events, event{seq, int(seq % 5)})
		}
		values, commit, err := l.note(events)
		require.NoError(t, err)
		require.NoError(t, kept.Write(values))
		commit()
	}
	all, _, err := recall(kept)
	require.NoError(t, err)
	again := newLine(s, "a")
	again.plan = &plan{status: active}
	again.count = all["a"].count
	for _, l := range []*line{l, again} {
		for _, from := range []uint64{0, 1, 2, runLength - 1, runLength, runLength + 1, uint64(seq) - 1, uint64(seq), uint64(seq) + 1} {
			list, err := l.events(from, 700)
			require.NoError(t, err)
			for i, e := range list {
				require.Equal(t, max(from, 1)+uint64(i), e.number) //nolint:gosec // small
				require.Equal(t, fhir.Seq(e.number), e.seq)
			}
			want := min(700, int(seq)-int(max(from, 1))+1) //nolint:gosec // small
			require.Len(t, list, max(want, 0), "from %d", from)
		}
	}
	l.plan = nil
	values, _, err := l.note(nil)
	require.NoError(t, err)
	require.NoError(t, kept.Write(values))
	require.Empty(t, kept, "nothing is kept of what was deleted")
}

// FuzzSubscription reads any Subscription: it never fails, and what it takes has
// something to look for.
func FuzzSubscription(f *testing.F) {
	for _, text := range []string{
		`{"resourceType":"Subscription","status":"requested","criteria":"Patient?name=x","channel":{"type":"rest-hook","endpoint":"https://example.org","header":["A: b"]}}`,
		`{"resourceType":"Subscription","status":"active","criteria":"https://pestle-fhir.github.io/SubscriptionTopic/prescription-held","_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"Task?patient=Patient/1"}]},"channel":{"type":"websocket","payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`,
		`{"resourceType":"Subscription","criteria":"?","end":"x","channel":{"type":"email","endpoint":"mailto:a@b","payload":"text/plain"}}`,
	} {
		f.Add([]byte(text))
	}
	rs := rules{options: search.Options{}, address: func(string) error { return nil }, listed: func(string) bool { return true }, channels: []string{hook, socket, email}}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := fhir.Parse(text)
		if err != nil || r.Type() != subscription {
			return
		}
		p, issues := rs.read(r)
		if issues == nil {
			require.NotEmpty(t, p.triggers)
			require.Positive(t, p.most)
			require.Contains(t, []string{empty, idOnly, fullResource}, p.content)
		}
	})
}

func TestListed(t *testing.T) {
	hosts := []string{"hooks.example.org", "*.clinic.example", "mail.example"}
	for address, want := range map[string]bool{
		"https://hooks.example.org/a": true, "https://a.clinic.example/": true, "https://clinic.example/": false, "https://hooks.example.org:8443/": false,
		"mailto:a@mail.example": true, "mailto:a@other.example": false, "mailto:hooks.example.org": false, "": false,
	} {
		require.Equal(t, want, listed(hosts, address), address)
	}
}
