package attack

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/conformance/process"
)

// attacker sends what asks for too much, from a machine of its own.
type attacker struct {
	server *process.Server
	from   net.IP
	client *http.Client
}

func newAttacker(s *process.Server, i int) *attacker {
	a := &attacker{server: s, from: net.IPv4(127, 0, 0, byte(2+i%8))}
	a.client = &http.Client{Transport: &http.Transport{DialContext: a.dialer().DialContext, DisableCompression: true}, Timeout: 90 * time.Second}
	return a
}

// dialer calls from the attacker's own address.
func (a *attacker) dialer() *net.Dialer { return &net.Dialer{LocalAddr: &net.TCPAddr{IP: a.from}} }

// attack is one way to ask for too much.
type attack struct {
	name string
	send func(a *attacker, random *rand.Rand) (status int, answer string, err error)
}

// post sends a body to a path.
func post(path, contentType string, body func(random *rand.Rand) []byte, header ...string) func(*attacker, *rand.Rand) (int, string, error) {
	return func(a *attacker, random *rand.Rand) (int, string, error) {
		return a.do(http.MethodPost, path, body(random), append([]string{"Content-Type", contentType}, header...)...)
	}
}

// get asks for an address.
func get(path func(random *rand.Rand) string) func(*attacker, *rand.Rand) (int, string, error) {
	return func(a *attacker, random *rand.Rand) (int, string, error) {
		return a.do(http.MethodGet, path(random), nil)
	}
}

func (a *attacker) do(method, path string, body []byte, header ...string) (int, string, error) {
	r, err := http.NewRequest(method, a.server.Base+path, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := a.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text := make([]byte, 500)
	n, _ := io.ReadFull(res.Body, text)
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, string(text[:n]), err
}

// always is a body that is made once, by the first who sends it.
func always(make func() []byte) func(*rand.Rand) []byte {
	once := sync.OnceValue(make)
	return func(*rand.Rand) []byte { return once() }
}

func text(s func() string) func(*rand.Rand) []byte {
	return always(func() []byte { return []byte(s()) })
}

func packed(s func() string) func(*rand.Rand) []byte {
	return always(func() []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, s())
		_ = z.Close()
		return b.Bytes()
	})
}

// many is n times the same text, with commas between.
func many(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }

// numbered is n times a text, with commas between and %d as another number of four
// digits or more each time.
func numbered(n int, form string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ReplaceAll(form, "%d", fmt.Sprint(1000+i)))
	}
	return b.String()
}

// attacks are what attackers send, by turns.
var attacks = []attack{
	{"a gzip bomb of names", post("/fhir/Patient/$validate", jsonType, packed(func() string { return `{"resourceType":"Patient","name":[` + many(3_000_000, `{"family":"a"}`) + `]}` }), "Content-Encoding", "gzip")},
	{"a gzip bomb of blanks", post("/fhir/Patient", jsonType, packed(func() string { return strings.Repeat(" ", 500<<20) }), "Content-Encoding", "gzip")},
	{"deep JSON", post("/fhir/Patient", jsonType, text(func() string { return `{"resourceType":"Patient","extension":` + strings.Repeat("[", 2_000_000) }))},
	{"deep XML", post("/fhir/Patient", "application/fhir+xml", text(func() string { return `<Patient xmlns="http://hl7.org/fhir">` + strings.Repeat("<a>", 1_000_000) }))},
	{"a wide array", post("/fhir/Patient/$validate", jsonType, text(func() string { return `{"resourceType":"Patient","name":[{"given":[` + many(2_000_000, "0") + `]}]}` }))},
	{"a long string", post("/fhir/Patient", jsonType, text(func() string {
		return `{"resourceType":"Patient","name":[{"text":"` + strings.Repeat("a", 20<<20) + `"}]}`
	}))},
	{"many issues", post("/fhir/Patient", jsonType, text(func() string { return `{"resourceType":"Patient","name":[` + many(100_000, "\n"+`{"use":"x"}`) + `]}` }))},
	{"entities", post("/fhir/Patient", "application/fhir+xml", text(func() string {
		return `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Patient xmlns="http://hl7.org/fhir"><id value="&b;"/></Patient>`
	}))},
	{"a slow body", slowBody},
	{"a slow reader", slowReader},
	{"a huge batch", post("/fhir", jsonType, text(func() string {
		return `{"resourceType":"Bundle","type":"batch","entry":[` + many(2000, `{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}`) + `]}`
	}))},
	{"a huge transaction", post("/fhir", jsonType, text(func() string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[` + many(4000, `{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}`) + `]}`
	}))},
	{"a batch of pages", post("/fhir", jsonType, text(func() string {
		return `{"resourceType":"Bundle","type":"batch","entry":[` + many(200, `{"request":{"method":"GET","url":"Observation?_count=1000"}}`) + `]}`
	}))},
	{"empty entries", post("/fhir", jsonType, text(func() string { return `{"resourceType":"Bundle","type":"batch","entry":[` + many(16_000, `{}`) + `]}` }))},
	{"conditions that scan", post("/fhir", jsonType, text(func() string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[` + numbered(1000, `{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"name:contains=nn&birthdate=lt%d&given=none"}}`) + `]}`
	}))},
	{"500 _has", get(func(*rand.Rand) string {
		return "/fhir/Patient?" + strings.Repeat("_has:Observation:subject:code=c1&", 500) + "_count=1000"
	})},
	{"chains", get(func(r *rand.Rand) string {
		var b strings.Builder
		for i := range 20 {
			fmt.Fprintf(&b, "subject:Patient.name:contains=ily%d&", r.IntN(90)+i)
		}
		return "/fhir/Observation?" + b.String() + "_count=1000"
	})},
	{"everything included", get(func(*rand.Rand) string { return "/fhir/Observation?_count=1000&_include=*&_revinclude=*" })},
	{"a sort of everything", get(func(*rand.Rand) string { return "/fhir/Patient?_sort=family,-birthdate,given&_count=1000" })},
	{"a wide OR", post("/fhir/Patient/_search", "application/x-www-form-urlencoded", text(func() string { return "name:contains=" + url.QueryEscape(numbered(20_000, "a%d")) }))},
	{"the whole history", get(func(*rand.Rand) string { return "/fhir/_history?_count=1000" })},
}

// carry sends attacks until the end and counts the statuses. What is answered with
// a 5xx, or not at all, is wrong.
func (a *attacker) carry(random *rand.Rand, end <-chan struct{}, note func(name string, status int, wrong string)) {
	for i := random.IntN(len(attacks)); ; i++ {
		select {
		case <-end:
			return
		default:
		}
		attack := attacks[i%len(attacks)]
		status, answer, err := attack.send(a, random)
		wrong := ""
		if status >= 500 || err != nil && !isClosed(err) {
			wrong = fmt.Sprintf("%s: %d %v %s", attack.name, status, err, answer)
		}
		note(attack.name, status, wrong)
		if status == http.StatusTooManyRequests {
			time.Sleep(time.Second) // less than the server asks for
		}
	}
}

// isClosed reports an error of a connection that the server closed while the
// body was on its way: it had refused it by then.
func isClosed(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// slowBody announces a body and sends a byte a second.
func slowBody(a *attacker, random *rand.Rand) (int, string, error) {
	return a.slowly("POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 100000\r\n\r\n{", 5+random.IntN(10), func(c net.Conn) error {
		_, err := io.WriteString(c, " ")
		return err
	})
}

// slowReader asks for a large answer and reads a byte a second.
func slowReader(a *attacker, random *rand.Rand) (int, string, error) {
	return a.slowly("GET /fhir/Observation?_count=1000 HTTP/1.1\r\nHost: x\r\n\r\n", 5+random.IntN(10), func(c net.Conn) error {
		_, err := c.Read(make([]byte, 1))
		return err
	})
}

// slowly sends the beginning of a request and takes a step a second, until the
// server has enough or the attacker has.
func (a *attacker) slowly(begin string, seconds int, step func(net.Conn) error) (int, string, error) {
	c, err := a.dialer().Dial("tcp", strings.TrimPrefix(a.server.Base, "http://"))
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, begin); err != nil {
		return 0, "", err
	}
	for range seconds {
		time.Sleep(time.Second)
		if step(c) != nil {
			break
		}
	}
	return 0, "", nil
}
