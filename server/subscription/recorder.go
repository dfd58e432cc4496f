package subscription

import (
	"context"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// Run serves the subscriptions until ctx ends. What is under way is finished first.
func (s *Service) Run(ctx context.Context) error {
	cursor, err := s.load(ctx)
	if err != nil {
		return err
	}
	s.loaded()
	s.mu.Lock()
	s.ctx = ctx
	for _, l := range s.byID {
		l.start(ctx)
	}
	s.mu.Unlock()
	defer s.lines.Wait()
	r := &recorder{service: s, at: cursor, saved: cursor}
	for ctx.Err() == nil {
		if err := r.next(ctx); err != nil && ctx.Err() == nil {
			s.config.Logger.ErrorContext(ctx, "subscriptions wait", "after", r.at, "error", err)
			pause(ctx, time.Second)
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// load makes the lines of the subscriptions as of the commit up to which events are
// noted; later ones are met in the log. A database whose shelf knows nothing, such as one
// that was restored from a backup without it, begins with its newest commit.
func (s *Service) load(ctx context.Context) (fhir.Seq, error) {
	all, cursor, err := recall(s.config.Shelf)
	if err != nil {
		return 0, err
	}
	if head := s.config.Repository.Head(); cursor == 0 || cursor > head {
		cursor, all = head, map[string]*recalled{}
		if err := s.config.Shelf.Write(map[string][]byte{cursorName: encodedSeq(cursor)}); err != nil {
			return 0, err
		}
	}
	if cursor == 0 {
		return 0, nil
	}
	state := s.config.Repository.StateAt(ctx, cursor)
	ids, err := state.Find("Subscription", "status="+requested+","+active+","+failed)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		v, err := state.Current("Subscription", id)
		if err != nil || v == nil {
			return 0, err
		}
		l, err := s.follow(v)
		if err != nil || l == nil {
			return 0, err
		}
		if was := all[id]; was != nil {
			l.recall(was)
		}
	}
	return cursor, nil
}

// recorder notes events: the one reader of the log.
type recorder struct {
	service *Service
	at      fhir.Seq // the last commit that was read
	saved   fhir.Seq // as the shelf has it
}

// Commits are read so many at once, and the shelf is told where the reader is after so
// many without an event.
const (
	batch = 256
	leap  = 4096
)

// next reads the next commits, and returns when what they hold of events is durable.
func (r *recorder) next(ctx context.Context) error {
	repository := r.service.config.Repository
	if err := repository.Wait(ctx, r.at); err != nil {
		return err
	}
	entries, err := repository.Log(ctx, r.at, batch)
	if err != nil || len(entries) == 0 {
		return err
	}
	noted := map[*line]*noting{}
	owners := map[*line]*owned{}
	for i := range entries {
		for place, v := range entries[i].Versions {
			if err := r.version(ctx, v, place, noted, owners); err != nil {
				return err
			}
		}
	}
	return r.save(ctx, entries[len(entries)-1].Seq, noted)
}

// noting is what is to be written of a line.
type noting struct{ events []event }

// owned is who a line is judged for; nil where they are not known.
type owned struct{ who *auth.Identity }

func (r *recorder) version(ctx context.Context, v *fhir.Version, place int, noted map[*line]*noting, owners map[*line]*owned) error {
	if v.Type == "Subscription" {
		l, err := r.service.follow(v)
		if err != nil {
			r.service.config.Logger.ErrorContext(ctx, "a subscription cannot be read", "subscription", v.ID, "error", err)
		}
		if l != nil && noted[l] == nil && l.changed() {
			noted[l] = &noting{}
		}
		return nil
	}
	if v.Deleted() {
		return nil
	}
	for _, l := range r.service.watching(v.Type) {
		p, counts := l.counts(v.Seq)
		if !counts {
			continue
		}
		o := owners[l]
		if o == nil {
			o = &owned{}
			if who, err := l.identity(); err == nil && mayRead(&who, p) == nil {
				o.who = &who
			}
			owners[l] = o
		}
		if o.who == nil {
			continue
		}
		is, err := r.service.isEvent(ctx, o.who, p, v)
		if err != nil {
			return err
		}
		if is {
			if noted[l] == nil {
				noted[l] = &noting{}
			}
			noted[l].events = append(noted[l].events, event{v.Seq, place})
		}
	}
	return nil
}

// isEvent reports whether a version is an event that the owner of a subscription may
// know of. That a version cannot be judged is no reason not to judge the next.
func (s *Service) isEvent(ctx context.Context, who *auth.Identity, p *plan, v *fhir.Version) (bool, error) {
	theirs := fhir.WithPrincipal(ctx, &who.Requester)
	fits := func() (bool, error) {
		if ok, err := s.triggered(ctx, theirs, p, v); !ok || err != nil {
			return false, err
		}
		for _, q := range p.filters {
			if ok, err := s.config.Repository.Matches(theirs, v, q); !ok || err != nil {
				return false, err
			}
		}
		_, err := s.config.Repository.VRead(theirs, v.Type, v.ID, v.VersionID)
		if kind := fhir.KindOf(err); kind == fhir.NotFound || kind == fhir.Forbidden {
			return false, nil
		}
		return err == nil, err
	}
	is, err := fits()
	if err != nil && ctx.Err() == nil && fhir.KindOf(err) != fhir.Timeout {
		s.config.Logger.WarnContext(ctx, "a version cannot be judged for a subscription", "version", v.Ref()+"/_history/"+v.VersionID, "error", err)
		return false, nil
	}
	return is, err
}

func (s *Service) triggered(ctx, theirs context.Context, p *plan, v *fhir.Version) (bool, error) {
	for _, t := range p.triggers {
		if t.typ != v.Type || t.when == created && v.VersionID != "1" {
			continue
		}
		ok, err := s.config.Repository.Matches(theirs, v, t.query)
		if err != nil {
			return false, err
		}
		if ok && t.when == enters {
			if ok, err = s.entered(ctx, t, v); err != nil {
				return false, err
			}
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

// entered reports whether the version before did not meet a trigger.
func (s *Service) entered(ctx context.Context, t trigger, v *fhir.Version) (bool, error) {
	before := predecessor(v.VersionID)
	if before == "" {
		return true, nil
	}
	was, err := s.config.Repository.VRead(ctx, v.Type, v.ID, before)
	if err != nil || was.Deleted() {
		return was != nil, err
	}
	met, err := s.config.Repository.Matches(ctx, was, t.query)
	return !met, err
}

// watching are the lines with a trigger of a type.
func (s *Service) watching(typ string) []*line {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fresh {
		s.types = map[string][]*line{}
		for _, l := range s.byID {
			for _, t := range l.types() {
				if !slices.Contains(s.types[t], l) {
					s.types[t] = append(s.types[t], l)
				}
			}
		}
		s.fresh = false
	}
	return s.types[typ]
}

// save writes what was noted, with how far the log was read, and then tells the lines.
func (r *recorder) save(ctx context.Context, at fhir.Seq, noted map[*line]*noting) error {
	if len(noted) == 0 && at < r.saved+leap {
		r.at = at
		return nil
	}
	values := map[string][]byte{cursorName: encodedSeq(at)}
	prepared := map[*line]func(){}
	for l, n := range noted {
		more, commit, err := l.note(n.events)
		if err != nil {
			return err
		}
		for name, value := range more {
			values[name] = value
		}
		prepared[l] = commit
	}
	for {
		err := r.service.config.Shelf.Write(values)
		if err == nil {
			break
		}
		r.service.config.Logger.ErrorContext(ctx, "events of subscriptions cannot be noted", "error", err)
		if pause(ctx, time.Second); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for _, commit := range prepared {
		commit()
	}
	r.at, r.saved = at, at
	return nil
}
