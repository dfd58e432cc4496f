package reimbursement

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// repriceBatch bounds how many answers one commit writes.
const repriceBatch = 100

// Reprice prices the claims of a month again, by the data that holds now: after
// an edition, a concession or a fee was loaded late. It goes by the days of the
// claims, since one may use the rest of a pack that another was paid whole. It
// returns how many answers there are and how many of them changed. org is the ODS
// code of the pharmacy whose claims are priced, "" for all.
func (s *Service) Reprice(ctx context.Context, month tariff.Month, org string, who fhir.Principal, requestID string, now time.Time) (claims, changed int, err error) {
	tag := month.String()
	if org != "" {
		tag = monthOf(tag, org)
	}
	ids, err := s.db.State(ctx).Find("ClaimResponse", nhs.Query("_tag", csMonth, tag))
	if err != nil {
		return 0, 0, err
	}
	if err := byDay(s.db.State(ctx), ids); err != nil {
		return 0, 0, err
	}
	for len(ids) > 0 {
		n, written, err := s.repriceSome(ctx, ids, fhir.Transaction{Derived: true, Requester: who, RequestID: requestID, Time: now}, now)
		if err != nil {
			return claims, changed, err
		}
		claims, changed, ids = claims+n, changed+written, ids[n:]
	}
	return claims, changed, nil
}

// byDay sorts ids of ClaimResponses by the day that they are priced by.
func byDay(state fhir.State, ids []string) error {
	days := map[string]string{}
	for _, id := range ids {
		r, err := current(state, "ClaimResponse", "ClaimResponse/"+id)
		if err != nil {
			return err
		}
		if r != nil {
			days[id] = nhs.Extension(r.Root(), extDay).Get("valueDate").Text()
		}
	}
	sorting.By(ids, func(a, b string) int { return cmp.Or(strings.Compare(days[a], days[b]), strings.Compare(a, b)) })
	return nil
}

// repriceSome prices the first of the claims in one commit: up to the first
// whose answer changes and tells of a rest, which those behind it must see.
func (s *Service) repriceSome(ctx context.Context, ids []string, tx fhir.Transaction, now time.Time) (claims, changed int, err error) {
	for range attempts {
		state := s.db.State(ctx)
		tx.Changes, claims = nil, 0
		for rest := false; claims < min(len(ids), repriceBatch) && !rest; claims++ {
			changes, err := s.repriceOne(state, ids[claims], now)
			if err != nil {
				return 0, 0, err
			}
			tx.Changes = append(tx.Changes, changes...)
			rest = slices.ContainsFunc(changes, func(c fhir.Change) bool { return tagged(c.Resource, csResidue) })
		}
		if len(tx.Changes) == 0 {
			return claims, 0, nil
		}
		_, err := s.db.Commit(ctx, &tx)
		if err == nil || fhir.KindOf(err) != fhir.Conflict {
			return claims, len(tx.Changes), err
		}
	}
	return 0, 0, fhir.E("reprice", fhir.Conflict, fhir.Issue{Message: "Other writers changed the claims at the same time, again and again.", Fix: "Ask again."})
}

func tagged(r *fhir.Resource, system string) bool {
	for tag := range r.Get("meta").Get("tag").Items() {
		if tag.Get("system").Text() == system {
			return true
		}
	}
	return false
}

func (s *Service) repriceOne(state fhir.State, id string, now time.Time) ([]fhir.Change, error) {
	response, err := current(state, "ClaimResponse", "ClaimResponse/"+id)
	if err != nil || response == nil {
		return nil, err
	}
	claim, err := current(state, "Claim", response.Root().Path("request", "reference").Text())
	if err != nil || claim == nil {
		return nil, err
	}
	d, err := s.dispensedFor(state, claim, claim.ID())
	if err != nil {
		return nil, err
	}
	return s.answer(state, claim, d, now)
}

// repriceOperation is Claim/$reprice.
func (s *Service) repriceOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	month, err := monthParameter(call)
	if err != nil {
		return nil, err
	}
	org, err := pharmacyOf(call)
	if err != nil {
		return nil, err
	}
	claims, changed, err := s.Reprice(ctx, month, org, call.Requester, call.RequestID, call.Time)
	if err != nil {
		return nil, err
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
		fhir.Obj("name", "claims", "valueInteger", claims),
		fhir.Obj("name", "changed", "valueInteger", changed))).Resource()}, nil
}
