package server

import (
	"context"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// headerReceipt is the header with which the sender of a write can have it proved
// later what was stored.
const headerReceipt = "Pestle-Receipt"

// headerSequence is the header that says where in the log a write is, for
// [headerMinSequence].
const headerSequence = "Pestle-Sequence"

// commits has the answer carry the receipt of what the request commits and the
// position of the newest commit. Each entry of a batch is a commit of its own, of
// which there may be thousands, so an answer to a batch has no receipt.
func (s *Server) commits(c *gin.Context) {
	x := exchangeOf(c)
	if x.nested || c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
		return
	}
	h, ctx := c.Writer.Header(), c.Request.Context()
	var mu sync.Mutex // the entries of a batch are carried out side by side
	var newest fhir.Seq
	c.Request = c.Request.WithContext(fhir.WithCommits(ctx, func(done *fhir.Commit) {
		mu.Lock()
		defer mu.Unlock()
		if x.message != nil {
			x.message.Committed(done)
		}
		if s.config.Log != nil && x.interaction != "batch" && h.Get(headerReceipt) == "" && done.Stored() {
			h.Set(headerReceipt, s.config.Log.Receipt(done.Seq))
		}
		if done.Seq > newest || h.Get(headerSequence) == "" {
			newest = done.Seq
			s.sequence(ctx, h, newest)
		}
	}))
}

// sequence sets the header that says where a commit is. A write that is done is
// answered without it where that cannot be read.
func (s *Server) sequence(ctx context.Context, h http.Header, seq fhir.Seq) {
	p, err := s.config.Repository.Position(ctx, seq)
	if err != nil {
		s.config.Logger.WarnContext(ctx, "the position of a commit cannot be read", "error", err)
		return
	}
	h.Set(headerSequence, s.sealPosition(p))
}
