package fhir

import "errors"

// Answer is the receipt that a call commits together with its effects, so that
// a repeat of the request is given the same reply. It is empty for a call
// without a key.
//
//	tx.Receipt = call.Answer(reply)
//	commit, err := store.Commit(ctx, tx)
//	if commit.Repeated { return fhir.ReplyOf(commit.Receipt) }
func (c *Call) Answer(reply *Reply) Receipt {
	if c.Receipt.Key == "" {
		return Receipt{}
	}
	pairs := []any{"request", string(c.Receipt.Body), "location", reply.Location, "resource", reply.Resource}
	if reply.Refused {
		pairs = append(pairs, "refused", true)
	}
	return Receipt{Key: c.Receipt.Key, Body: Obj(pairs...).JSON()}
}

// ReplyOf is the reply in a receipt that [Call.Answer] made. Where the body is
// a bare resource, the reply is that resource.
func ReplyOf(receipt Receipt) (*Reply, error) {
	r, err := Parse(receipt.Body)
	if err != nil {
		return nil, err
	}
	if r.Type() != "" {
		return &Reply{Resource: r}, nil
	}
	if r.Get("purged").Bool() {
		return nil, E("receipt", Deleted, Issue{
			Message: "The request was answered before; the answer was purged with the record that it was about.",
			Fix:     "Nothing was done now. Send a new request under a new X-Request-ID."})
	}
	reply := &Reply{Location: r.Get("location").Text(), Refused: r.Get("refused").Bool()}
	if n := r.Get("resource"); n.Exists() {
		reply.Resource = r.Sub(n)
	}
	return reply, nil
}

// PurgedReceipt is the body of a receipt whose answer was purged with what it was
// about. The request is not done again.
var PurgedReceipt = []byte(`{"purged":true}`)

// ReusedRule is the rule that [Reused] names.
const ReusedRule = "x-request-id"

// Reused refuses a request whose id was used before for another one.
func Reused(op string) error {
	return E(op, Conflict, Issue{
		Message: "The X-Request-ID or Idempotency-Key was used before, for a different request.",
		Fix:     "Send a new one with a new request; the old one is for repeating the old request unchanged.",
		Rule:    ReusedRule,
	})
}

// IsReused reports whether an error is that of [Reused]: deciding anew does not help.
func IsReused(err error) bool {
	var known *Error
	return errors.As(err, &known) && len(known.Issues) > 0 && known.Issues[0].Rule == ReusedRule
}

// RequestOf is the digest of the request that a receipt answers, "" when the
// receipt holds none. The server puts it into [Call.Receipt] as its body.
func RequestOf(receipt Receipt) string {
	r, err := Parse(receipt.Body)
	if err != nil {
		return ""
	}
	return r.Get("request").Text()
}
