package server

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// A sender must keep up leastRate bytes a second, after a while in which
// connections may find their pace, and may never pause longer than that. No
// body takes longer than longestUpload times the time limit of a request.
const (
	leastRate     = 4 << 10
	pace          = 10 * time.Second
	longestUpload = 10
)

// receive reads the body, unpacked and within the limits, and reserves the
// memory that the request will need while it is in flight.
func (s *Server) receive(r *http.Request, x *exchange) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if s.bringsContent(r, x) {
		return s.receiveContent(r, x)
	}
	if r.ContentLength > s.config.MaxBody {
		return nil, s.tooLarge()
	}
	packed := &paced{from: r.Body, exchange: x, start: time.Now(), limit: s.config.Timeout, longest: longestUpload * s.config.Timeout}
	body, err := unpacked(r, packed)
	if err != nil {
		return nil, packed.explain(r, "The body is not gzip, as its Content-Encoding says.", err)
	}
	in := intake{server: s, claim: x.claim, codec: s.parsedBy(r.Header.Get("Content-Type"))}
	expected := int64(0)
	if body == io.Reader(packed) {
		expected = r.ContentLength
	}
	text, err := in.read(r.Context(), body, expected)
	if errors.As(err, new(*fhir.Error)) {
		return nil, err
	}
	if err != nil {
		return nil, packed.explain(r, "The body could not be read to its end.", err)
	}
	packed.done()
	return text, nil
}

// unpacked is the body without its Content-Encoding.
func unpacked(r *http.Request, packed *paced) (io.Reader, error) {
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return packed, nil
	case "gzip":
		return gzip.NewReader(bufio.NewReaderSize(packed, 32<<10))
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, fhir.NotSupported, fhir.Issue{
			Message: "The body is packed in a way that the server cannot unpack.", Expected: "Content-Encoding: gzip, or none", Found: encoding,
		}).with("Accept-Encoding", "gzip, identity")
	}
}

// parsedBy is the codec whose syntax a body has, that of a patch too; nil for
// what is not parsed, which is weighed by its bytes alone.
func (s *Server) parsedBy(header string) *Codec {
	codec, err := s.contentCodec(header)
	if err == nil {
		return codec
	}
	for i := range s.codecs {
		if strings.Contains(header, s.codecs[i].Name) {
			return &s.codecs[i]
		}
	}
	return nil
}

// intake reads one body into memory that is reserved before it is used.
type intake struct {
	server *Server
	claim  *claim
	codec  *Codec
	text   []byte
	nodes  int // among the first counted bytes
	seen   int
}

// unreserved is how many bytes of a body are read before memory is reserved.
const unreserved = 64 << 10

func (in *intake) read(ctx context.Context, body io.Reader, expected int64) ([]byte, error) {
	size := int64(4 << 10)
	if expected > 0 {
		size = min(expected, unreserved)
	}
	in.text = make([]byte, 0, size+1) // one more, so that the end is seen without growing
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := body.Read(in.text[len(in.text):cap(in.text)])
		in.text = in.text[:len(in.text)+n]
		if int64(len(in.text)) > in.server.config.MaxBody {
			return nil, in.server.tooLarge()
		}
		if err == io.EOF {
			return in.text, in.weigh(ctx)
		}
		if err != nil {
			return nil, err
		}
		if len(in.text) == cap(in.text) {
			if err := in.grow(ctx); err != nil {
				return nil, err
			}
		}
	}
}

// grow makes room for twice as much. What was read so far is judged first.
func (in *intake) grow(ctx context.Context) error {
	if err := in.count(); err != nil {
		return err
	}
	size := int64(2 * cap(in.text))
	if size > unreserved {
		if err := in.claim.take(ctx, size); err != nil {
			return err
		}
	}
	in.text = append(make([]byte, 0, size), in.text...)
	return nil
}

// weigh reserves what the body will need when it is parsed.
func (in *intake) weigh(ctx context.Context) error {
	if err := in.count(); err != nil {
		return err
	}
	return in.claim.take(ctx, int64(len(in.text))+int64(in.nodes)*nodeWeight)
}

// count counts the values among what was read since the last time.
func (in *intake) count() error {
	if in.codec == nil {
		return nil
	}
	in.nodes += in.codec.values(in.text[in.seen:])
	in.seen = len(in.text)
	if most := int(in.server.config.MaxBody / bytesPerValue); in.nodes > most && len(in.text) > fewBytes {
		return tooMany(in.nodes, most)
	}
	return nil
}

// paced reads a body from a sender who must not be too slow.
type paced struct {
	from     io.Reader
	exchange *exchange
	start    time.Time
	limit    time.Duration
	longest  time.Duration // for all of it; 0 for as long as it keeps up
	set      time.Time     // when the deadline was set last; zero while it is the first one
	bytes    int64
}

// Read moves the deadline on as the body arrives.
func (p *paced) Read(b []byte) (int, error) {
	if now := time.Now(); now.Sub(p.start) > time.Second && now.Sub(p.set) > time.Second {
		p.set = now
		until := earliest(p.start.Add(p.grace()+time.Duration(p.bytes)*time.Second/leastRate), now.Add(p.grace()))
		if p.longest > 0 {
			until = earliest(until, p.start.Add(p.longest))
		}
		p.exchange.deadline(until)
	}
	n, err := p.from.Read(b)
	p.bytes += int64(n)
	return n, err
}

// grace is how long a sender may take to begin, and to pause.
func (p *paced) grace() time.Duration { return min(pace, p.limit) }

// done lifts the deadline: the answer has one of its own.
func (p *paced) done() {
	p.exchange.deadline(time.Time{})
	p.exchange.answerBy(2 * p.limit)
}

// explain is the error of a body that did not arrive.
func (p *paced) explain(r *http.Request, message string, err error) error {
	if errors.As(err, new(*failure)) {
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(http.StatusRequestTimeout, fhir.Timeout, fhir.Issue{
			Message: "The body arrived too slowly, and nothing was done.", Expected: "at least " + number(leastRate) + " bytes a second, without longer pauses",
			Found: number(int(p.bytes)) + " bytes in " + time.Since(p.start).Round(time.Second).String(), Fix: "Send the request again over a better connection, packed with gzip, or in several requests.",
		}).with("Connection", "close")
	}
	if r.Context().Err() != nil {
		return context.Cause(r.Context())
	}
	return unreadable(message, err)
}

func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.Before(first) {
			first = t
		}
	}
	return first
}
