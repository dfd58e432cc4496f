package server

import (
	"encoding/binary"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// historyPage is where a page of a history begins: in which state, after how
// many versions, and where the page before it ended, which is zero where only
// their number is known.
type historyPage struct {
	asOf  fhir.Seq
	after fhir.LogPlace
	shown int
}

func (p historyPage) encode() (token []byte) {
	for _, v := range []uint64{uint64(p.asOf), uint64(p.after.Seq), uint64(p.after.Place), uint64(p.shown)} {
		token = binary.AppendUvarint(token, v)
	}
	return token
}

func decodeHistoryPage(token []byte) (p historyPage, ok bool) {
	var at [4]uint64
	for i := range at {
		v, n := binary.Uvarint(token)
		if n <= 0 {
			return p, false
		}
		at[i], token = v, token[n:]
	}
	return historyPage{fhir.Seq(at[0]), fhir.LogPlace{Seq: fhir.Seq(at[1]), Place: int(at[2])}, int(at[3])}, len(token) == 0
}

// historyLinks lead to the pages around one, of the same state of the database.
// self is the query without a page.
func (s *Server) historyLinks(c *gin.Context, address string, self url.Values, q fhir.HistoryQuery, h *fhir.History) []fhir.Value {
	links := []fhir.Value{link("first", withQuery(address, self))}
	add := func(relation string, at historyPage) {
		to := cloned(self)
		to.Set(pageParam, s.sealOf(exchangeOf(c)).Seal(sealedFor(c, self), at.encode()))
		links = append(links, link(relation, withQuery(address, to)))
	}
	if q.Shown > 0 {
		add("previous", historyPage{asOf: h.AsOf, shown: max(0, q.Shown-q.Count)})
	}
	if h.Next != (fhir.LogPlace{}) {
		add("next", historyPage{h.AsOf, h.Next, q.Shown + len(h.Versions)})
	}
	if paged := q.Shown > 0 || h.Next != (fhir.LogPlace{}); paged && h.Total > 0 {
		add("last", historyPage{asOf: h.AsOf, shown: (h.Total - 1) / q.Count * q.Count})
	}
	return links
}

// sealOf seals the pages of a caller: nobody else follows their links.
func (s *Server) sealOf(x *exchange) *search.Sealer { return s.seal.For(x.caller()) }

// caller tells callers with a token apart; "" for those who are asked for none.
func (x *exchange) caller() string {
	who := &x.identity.Requester
	if !who.Bound() {
		return ""
	}
	return strings.Join([]string{who.OnBehalf, who.Client, who.Agent}, "\x00")
}

func (s *Server) openHistoryPage(x *exchange, q *fhir.HistoryQuery, query []byte, token string) error {
	sealed, ok := s.sealOf(x).Open(query, token)
	page, whole := decodeHistoryPage(sealed)
	if !ok || !whole {
		return fhir.E("history", fhir.Invalid, fhir.Issue{
			Message: "The page link is not one of this server, or belongs to another query.", Expression: pageParam,
			Fix: "Follow the link with relation next as it is, or begin again without " + pageParam + ".",
		})
	}
	q.AsOf, q.Before, q.Shown = page.asOf, page.after, page.shown
	return nil
}
