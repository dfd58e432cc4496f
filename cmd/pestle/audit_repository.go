package main

import (
	"context"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/profiles/served"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// withAudit is a repository that answers AuditEvents from the audit log. They
// are not stored, and no client writes them.
type withAudit struct {
	*repository
	records audit.Records
}

const auditEvent = "AuditEvent"

// readOnly are the types that clients do not write.
var readOnly = []string{auditEvent}

// Read returns an AuditEvent of the log, else one that an earlier version of the
// server stored.
func (r withAudit) Read(ctx context.Context, typ, id string) (*fhir.Version, error) {
	if typ != auditEvent {
		return r.repository.Read(ctx, typ, id)
	}
	v, err := r.records.Read(ctx, id)
	if fhir.KindOf(err) == fhir.NotFound {
		if stored, e := r.repository.Read(ctx, typ, id); e == nil {
			return stored, nil
		}
	}
	return v, err
}

// ReadBefore returns an AuditEvent that was recorded before a time.
func (r withAudit) ReadBefore(ctx context.Context, typ, id string, before time.Time) (*fhir.Version, error) {
	if typ != auditEvent {
		return r.repository.ReadBefore(ctx, typ, id, before)
	}
	v, err := r.Read(ctx, typ, id)
	if err == nil && !v.LastUpdated.Before(before) {
		return nil, fhir.E("read", fhir.NotFound, fhir.Issue{Message: "The AuditEvent was recorded later.", Found: id})
	}
	return v, err
}

// VRead returns the one version of an AuditEvent.
func (r withAudit) VRead(ctx context.Context, typ, id, versionID string) (*fhir.Version, error) {
	if typ != auditEvent {
		return r.repository.VRead(ctx, typ, id, versionID)
	}
	if versionID != "1" {
		return nil, fhir.E("read", fhir.NotFound, fhir.Issue{Message: "An AuditEvent has one version.", Expected: "1", Found: versionID})
	}
	return r.Read(ctx, typ, id)
}

// History returns the one version of an AuditEvent.
func (r withAudit) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.History, error) {
	switch {
	case q.Type != auditEvent && !slices.Contains(q.Types, auditEvent):
		return r.repository.History(ctx, q)
	case q.ID == "":
		return nil, fhir.E("history", fhir.NotSupported, fhir.Issue{Message: "AuditEvents are never changed, so their type has no history.", Fix: "Search AuditEvent: newest first, unless _sort=date says otherwise."})
	}
	v, err := r.Read(ctx, q.Type, q.ID)
	if err != nil {
		return nil, err
	}
	return served.OneVersion(q, v), nil
}

// Search finds AuditEvents in the log. Searches of other types do not reach them.
func (r withAudit) Search(ctx context.Context, q *search.Query) (*search.Result, error) {
	if q.Type == auditEvent {
		if q.Chained() {
			var err error
			if q, err = r.unchained(ctx, q); err != nil {
				return nil, err
			}
		}
		return r.records.Search(ctx, q)
	}
	included := func(i search.Include) bool { return i.Source == auditEvent || i.Target == auditEvent }
	if slices.Contains(q.Reached(), auditEvent) || slices.ContainsFunc(q.RevInclude, included) || slices.ContainsFunc(q.Include, included) {
		return nil, fhir.E("search", fhir.NotSupported, fhir.Issue{Message: "AuditEvents are searched by themselves: no _has, chain, _include or _revinclude reaches them.",
			Fix: "Search AuditEvent?patient=… or AuditEvent?entity=…"})
	}
	return r.repository.Search(ctx, q)
}
