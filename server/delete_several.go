package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// mostDeleted is how many resources are deleted at once at most, however the server is set.
const mostDeleted = 1000

// removeAll deletes all that the condition of a change fits, in one commit: the versions
// that were found, and none where another was written meanwhile, so that it looks again.
// Whether it fits several is for the database to say, as it does where one is deleted.
func (s *Server) removeAll(c *gin.Context, change fhir.Change) error {
	receipt := s.receipt(c)
	if done, err := s.repeated(c, receipt); err != nil {
		return err
	} else if done != nil && len(done.Results) > 1 {
		return s.sendRemoved(c, done.Results)
	}
	for try := 1; ; try++ {
		err := s.remove(c, change)
		if fhir.KindOf(err) != fhir.MultipleMatches {
			return err
		}
		found, err := s.fitting(c, change)
		if err != nil {
			return err
		}
		if err := several(c, change, len(found), s.config.DeleteAtMost); err != nil {
			return err
		}
		x := exchangeOf(c)
		done, err := s.config.Repository.Commit(c.Request.Context(), &fhir.Transaction{Changes: found, Requester: x.identity.Requester, RequestID: x.requestID, Base: x.learned, Receipt: receipt})
		if overtaken(err) && try < patchTries {
			continue
		}
		if err != nil {
			return undecided(x.blind(err, change.Type))
		}
		return s.sendRemoved(c, done.Results)
	}
}

// fitting are the deletions of what a condition fits, up to one more than may be at once.
func (s *Server) fitting(c *gin.Context, change fhir.Change) (list []fhir.Change, err error) {
	params, err := url.ParseQuery(change.Condition)
	if err != nil {
		return nil, fhir.E("search", fhir.Invalid, fhir.Issue{Message: "The query string is malformed.", Found: change.Condition})
	}
	x, ctx, most := exchangeOf(c), c.Request.Context(), s.config.DeleteAtMost+1
	q, _, err := search.Parse(change.Type, params, search.Options{Own: x.own, Custom: x.custom, Now: s.now(), Codes: s.codes(ctx), DefaultCount: most, MaxCount: most})
	if err != nil {
		return nil, err
	}
	if err := x.permitReached(q); err != nil {
		return nil, err
	}
	if q.Heavy() {
		if err := x.toil(ctx); err != nil {
			return nil, err
		}
	}
	for {
		found, err := s.config.Repository.Search(ctx, q)
		if err != nil {
			return nil, overtime(searching, err)
		}
		for _, v := range found.Matches {
			one := fhir.Change{Method: fhir.Delete, Type: v.Type, ID: v.ID, IfMatch: v.VersionID}
			if v.Seq == 0 || len(list) == most { // a definition that is built in is not stored
				continue
			}
			if err := s.permitUpdate(c, one); err != nil {
				return nil, err
			}
			list = append(list, one)
		}
		if found.Next == nil || len(list) == most { // a page of large resources has fewer
			return list, nil
		}
		q.Page = *found.Next
	}
}

// several refuses a deletion of more than may be deleted at once, and one that is for one
// resource.
func several(c *gin.Context, change fhir.Change, found, most int) error {
	switch {
	case found > most:
		return fhir.E("delete", fhir.MultipleMatches, fhir.Issue{
			Message:  fmt.Sprintf("The condition %s?%s fits more resources than are deleted at once.", change.Type, change.Condition),
			Expected: fmt.Sprintf("at most %d", most), Found: fmt.Sprintf("more than %d", most),
			Fix: "Narrow the condition, and delete a part at a time. The same search with _summary=count says how many there are.",
		})
	case change.IfMatch != "" && change.IfMatch != "*":
		return fhir.E("delete", fhir.MultipleMatches, fhir.Issue{Message: "If-Match is of one version, and the condition fits several resources.",
			Expected: "one", Found: fmt.Sprint(found), Fix: "Leave If-Match out, or narrow the condition."})
	case c.GetHeader(provenanceHeader) != "":
		return fhir.E("delete", fhir.NotSupported, fhir.Issue{Message: "The Provenance in " + provenanceHeader + " is of one resource, and the condition fits several.",
			Expected: "one", Found: fmt.Sprint(found), Fix: "Delete them in a transaction with a Provenance of them all."})
	}
	return nil
}

// sendRemoved answers that several resources are deleted, and which.
func (s *Server) sendRemoved(c *gin.Context, results []fhir.Result) error {
	if prefer(c.Request.Header).back == minimal {
		c.Writer.WriteHeader(http.StatusNoContent)
		return nil
	}
	var names []string
	for i := range results {
		if v := results[i].Version; v != nil {
			names = append(names, v.Type+"/"+v.ID)
		}
	}
	message := fmt.Sprintf("%d resources are deleted: %s.", len(results), strings.Join(names, ", "))
	return s.send(c, http.StatusOK, s.outcome(exchangeOf(c), []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Message: message}}))
}
