package dispensing

import (
	"sync/atomic"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// Law is the law by which services and guards decide. One Law is shared by those of a
// database, so that all of them decide by another one from the same time on.
type Law struct {
	is atomic.Pointer[prescription.Law]
}

// NewLaw returns a Law that is that of a file, or the built-in one.
func NewLaw(law prescription.Law) *Law {
	l := &Law{}
	l.Replace(law)
	return l
}

// Replace puts another law in the place of the present one. It may be called at any
// time: what the guard decides in a commit from then on, it decides by the other law,
// also where the call that asked for the commit began before. What was
// decided before stays.
func (l *Law) Replace(law prescription.Law) { l.is.Store(&law) }

// Now is the law as it is now.
func (l *Law) Now() prescription.Law { return *l.is.Load() }

// rules are those by which is decided now.
func (s *Service) rules() prescription.Rules {
	r := s.fixed
	r.Law = s.law.Now()
	return r
}
