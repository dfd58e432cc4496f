package server

import (
	"encoding/binary"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
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
		to.Set(pageParam, s.seal.Seal(sealedFor(c, self), at.encode()))
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

func (s *Server) openHistoryPage(q *fhir.HistoryQuery, query []byte, token string) error {
	sealed, ok := s.seal.Open(query, token)
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
