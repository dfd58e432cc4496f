package subscription

import (
	"context"
	"errors"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// agent is who the server's own changes of a Subscription are by.
const agent = "follower|subscriptions"

// become writes the status of the Subscription and why, unless it has another status
// than was by now: its owner has decided meanwhile.
func (l *line) become(ctx context.Context, status, why, was string) {
	repository := l.service.config.Repository
	for range 10 {
		v, err := repository.Read(ctx, "Subscription", l.id)
		if err != nil || v.Deleted() {
			return
		}
		r, err := v.Resource()
		if err != nil || r.Get("status").Text() != was || r.Get("error").Text() == why && status == was {
			return
		}
		if newer := l.overtaken(v); newer { // what was found is of an older version
			return
		}
		changed := fhir.Revise(r, "status", status, "error", why)
		done, err := repository.Commit(ctx, &fhir.Transaction{Derived: true, Requester: fhir.Principal{Agent: agent},
			Changes: []fhir.Change{{Method: fhir.Update, Type: "Subscription", ID: l.id, Resource: changed, IfMatch: v.VersionID}}})
		switch {
		case err == nil:
			_, err = l.service.follow(done.Results[0].Version)
			if err != nil {
				l.service.config.Logger.ErrorContext(ctx, "a subscription cannot be read", "subscription", l.id, "error", err)
			}
			return
		case fhir.KindOf(err) != fhir.Conflict || ctx.Err() != nil:
			l.service.config.Logger.ErrorContext(ctx, "the status of a subscription is not stored", "subscription", l.id, "status", status, "error", err)
			return
		}
	}
}

// overtaken reports whether a version that was read is newer than the one that the line
// acts on.
func (l *line) overtaken(v *fhir.Version) bool {
	l.mu.Lock()
	same := l.version != nil && l.version.Seq >= v.Seq
	l.mu.Unlock()
	if !same {
		if _, err := l.service.follow(v); err != nil {
			return true
		}
	}
	return !same
}

// reason is an error in words for the owner of a subscription.
func reason(err error) string {
	var e *fhir.Error
	if errors.As(err, &e) && len(e.Issues) > 0 {
		return e.Issues[0].Message
	}
	return err.Error()
}

// number is a version id as a number; 0 for none.
func number(version string) int {
	n, err := strconv.Atoi(version)
	if err != nil {
		return 0
	}
	return n
}

// predecessor is the id of the version before, "" for the first.
func predecessor(version string) string {
	n := number(version)
	if n < 2 {
		return ""
	}
	return strconv.Itoa(n - 1)
}
