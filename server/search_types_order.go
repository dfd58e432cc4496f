package server

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// listed finds a page type by type.
func (t *typesSearch) listed(ctx context.Context, left []cursor, found *foundTypes) error {
	for len(left) > 0 {
		room := t.size - len(found.matches)
		res, err := t.ask(ctx, left[0], max(room, 1), room > 0)
		if err != nil {
			return err
		}
		if room == 0 { // it is asked only whether there is more
			if len(res.Matches) > 0 || res.Next != nil {
				break
			}
			left = left[1:]
			continue
		}
		found.take(res)
		if res.Next == nil {
			left = left[1:]
			continue
		}
		left[0].after = res.Next.After
		break
	}
	if len(left) > 0 {
		found.next = &typesPage{fresh: left[0].query}
		if left[0].after != nil {
			found.next.cursors, found.next.fresh = left[:1], left[0].query+1
		}
	}
	return nil
}

// ahead is how many matches of a type are looked at at once. With it a page takes what
// it shows and a little of each type, and not a page of each.
const ahead = 16

// source is what is left of one type in a merged search.
type source struct {
	cursor                 // where the page began
	next   []byte          // where the matches behind those of ahead begin; nil at the start
	ahead  []*fhir.Version // matches that are not shown yet
	more   bool            // whether there are matches behind them
	shown  int
}

// look finds the next matches of a source that has none ahead.
func (t *typesSearch) look(ctx context.Context, s *source) error {
	for len(s.ahead) == 0 && s.more {
		res, err := t.ask(ctx, cursor{s.query, s.next}, min(t.size, ahead), false)
		if err != nil {
			return err
		}
		if s.ahead, s.more = res.Matches, res.Next != nil; s.more {
			s.next = res.Next.After
		}
	}
	return nil
}

// merged finds a page in an order that all types share.
func (t *typesSearch) merged(ctx context.Context, left []cursor, found *foundTypes) error {
	sources := make([]*source, len(left))
	for i, at := range left {
		sources[i] = &source{cursor: at, next: at.after, more: true}
		if err := t.look(ctx, sources[i]); err != nil {
			return err
		}
	}
	for len(found.matches) < t.size {
		var first *source
		for _, s := range sources {
			if len(s.ahead) > 0 && (first == nil || t.compare(s.ahead[0], first.ahead[0]) < 0) {
				first = s
			}
		}
		if first == nil {
			break
		}
		found.matches = append(found.matches, first.ahead[0])
		first.ahead, first.shown = first.ahead[1:], first.shown+1
		if err := t.look(ctx, first); err != nil {
			return err
		}
	}
	next := &typesPage{fresh: len(t.queries)}
	for _, s := range sources {
		at := s.cursor
		if s.shown > 0 {
			res, err := t.ask(ctx, at, s.shown, true)
			if err != nil {
				return err
			}
			found.included = append(found.included, res.Included...)
			if res.Next != nil {
				at.after = res.Next.After
			}
		}
		if len(s.ahead) > 0 {
			next.cursors = append(next.cursors, at)
		}
	}
	if next.cursors != nil {
		found.next = next
	}
	return nil
}

// compare orders two resources by the sort keys.
func (t *typesSearch) compare(a, b *fhir.Version) int {
	for _, by := range t.queries[0].Sort {
		c := strings.Compare(a.ID, b.ID)
		if by.Param == search.LastUpdated {
			c = a.LastUpdated.Compare(b.LastUpdated)
		}
		if by.Descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
