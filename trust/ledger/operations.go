package ledger

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// Operations are those with which auditors ask about the log, and about the others of
// the server by their names.
func (l *Log) Operations(others map[string]*Notary) []fhir.Operation {
	return []fhir.Operation{
		{
			Name: "log-consistency", Idempotent: true, ByName: true,
			Doc: "Prove that the log of changes at one size begins with all that it held at an earlier one.",
			Parameters: []fhir.Parameter{
				{Name: "from", Kinds: []string{"valueString", "valueInteger"}, Required: true, Doc: "The earlier size."},
				{Name: "log", Kinds: []string{"valueString", "valueCode"}, Doc: "Which log: audit for that of who was shown what; the log of changes unless it is said."},
				{Name: "to", Kinds: []string{"valueString", "valueInteger"}, Doc: "The later size; that of the newest checkpoint unless it is said."},
			},
			Handle: func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
				n, name := &l.Notary, asked(call, "log")
				if name != "" {
					if n = others[name]; n == nil {
						return nil, fhir.E("proof", fhir.Invalid, fhir.Issue{Code: fhir.ValueCode, Expression: "log", Message: "The server has no such log.", Expected: "audit, or nothing for the log of changes", Found: name})
					}
				}
				r, err := n.Consistency(ctx, asked(call, "from"), asked(call, "to"))
				return &fhir.Reply{Resource: r}, err
			},
		},
		{
			Name: "open-receipt", Idempotent: true, ByName: true,
			Doc:        "Say which commit a receipt is of, and where its versions are in the log of changes.",
			Parameters: []fhir.Parameter{{Name: "receipt", Kinds: []string{"valueString"}, Required: true, Doc: "The header Pestle-Receipt of the answer to a write."}},
			Handle: func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
				r, err := l.OpenReceipt(ctx, asked(call, "receipt"))
				return &fhir.Reply{Resource: r}, err
			},
		},
	}
}

// asked is a parameter of a call, of its query or its body.
func asked(call *fhir.Call, name string) string {
	if call.Body == nil {
		return call.Params.Get(name)
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() == name {
			if n := p.Get("valueInteger"); n.Exists() {
				return n.Text()
			}
			if c := p.Get("valueCode"); c.Exists() {
				return c.Text()
			}
			return p.Get("valueString").Text()
		}
	}
	return call.Params.Get(name)
}
