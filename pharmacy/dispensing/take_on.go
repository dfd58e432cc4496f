package dispensing

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/takeon"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TakeOn asks for what another pharmacy hands over to be stored.
type TakeOn struct {
	From   prescription.Party // the other pharmacy, by its ODS code
	Site   string             // the ODS code of the one that takes on, where neither caller nor server tells
	Files  []takeon.File
	Since  nhs.Date // from which day on past supplies are taken on; lookBack days ago where it is zero
	DryRun bool     // nothing is stored
}

// lookBack is how many days back supplies are taken on unless told otherwise: no clinical
// check looks further.
const lookBack = 400

// TakenOn is what became of it.
type TakenOn struct {
	Patients  int              `json:"patients"`  // new
	Known     int              `json:"known"`     // that the pharmacy has a record of already
	Supplies  int              `json:"supplies"`  // new
	Owings    int              `json:"owings"`    // new
	Old       int              `json:"old"`       // supplies of before the first day, which are left out
	Unchanged int              `json:"unchanged"` // patients, supplies and owings that were taken on before
	Reconcile []ToReconcile    `json:"reconcile"` // what somebody has to look at
	Findings  []takeon.Finding `json:"findings,omitempty"`
}

// ToReconcile is a Task of the queue take-on.
type ToReconcile struct {
	Task   string       `json:"task"`
	Reason string       `json:"reason"` // a code of the reasons
	Text   string       `json:"text"`
	From   takeon.Place `json:"from"`
}

// commitMost is how many resources are committed together at most, but for one patient's.
const commitMost = 400

// TakeOn stores patients, past supplies and open owings of another pharmacy, marked as
// supplied elsewhere. Where anything is wrong with the files, all of it is returned and
// nothing is stored. What was stored before is left as it is, so that the same files may
// be given again.
func (s *Service) TakeOn(ctx context.Context, q TakeOn, who fhir.Principal, now time.Time) (*TakenOn, error) {
	if q.From.ID == "" {
		return nil, refusal("import", fhir.Issue{Code: fhir.Required, Rule: "TAKE-2", Message: "It is not said which pharmacy hands over.", Expected: "its ODS code", Found: "nothing"})
	}
	owner := cmp.Or(who.OnBehalf, s.site.ODS, q.Site)
	if q.Site != "" && !strings.EqualFold(q.Site, owner) {
		return nil, refusal("import", fhir.Issue{Rule: "TAKE-2", Message: "Another pharmacy than this one is to take on.", Expected: owner, Found: q.Site})
	}
	if owner == "" {
		return nil, refusal("import", fhir.Issue{Code: fhir.Required, Rule: "TAKE-2", Message: "It is not clear which pharmacy takes on.", Expected: "its ODS code, with --site as serve has it", Found: "nothing"})
	}
	if strings.EqualFold(q.From.ID, owner) {
		return nil, refusal("import", fhir.Issue{Rule: "TAKE-2", Message: "What is taken on comes from another pharmacy.", Expected: "another ODS code than " + owner, Found: q.From.ID})
	}
	since := q.Since
	if since.IsZero() {
		since = nhs.Date{Time: nhs.DateOf(now).AddDate(0, 0, -lookBack)}
	}
	in, findings := takeon.Read(q.Files, nhs.DateOf(now))
	t := &taking{s: s, state: s.db.State(ctx), from: q.From, owner: prescription.Party{ID: owner}, since: since, who: who, now: now, patients: map[string]*takenPatient{}, numbers: map[string]*fhir.Resource{}, names: map[string]*fhir.Resource{}}
	if owner == s.site.ODS {
		t.owner.Name = s.site.Name
	}
	t.Findings = findings
	if err := t.plan(in); err != nil {
		return nil, err
	}
	t.patients, t.numbers, t.names, t.seen = nil, nil, nil, nil // it is planned: what was read is given back
	sorting.Stably(t.Findings, func(a, b takeon.Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Issue.Position.Line, b.Issue.Position.Line))
	})
	if takeon.Failed(t.Findings) {
		return &TakenOn{Findings: t.Findings}, nil
	}
	if q.DryRun {
		return &t.TakenOn, nil
	}
	return &t.TakenOn, t.commit(ctx)
}

// taking plans what is stored.
type taking struct {
	TakenOn
	s        *Service
	state    fhir.State
	from     prescription.Party
	owner    prescription.Party // the pharmacy that takes on
	since    nhs.Date
	who      fhir.Principal
	now      time.Time
	order    []*takenPatient
	patients map[string]*takenPatient  // by the key of the file
	numbers  map[string]*fhir.Resource // records that are new here, by NHS number
	names    map[string]*fhir.Resource // those without a number, by family name and birth date
	seen     map[string]int            // how often the same supply was there
}

// takenPatient is the record that a patient of the files has here, and what is written
// for them.
type takenPatient struct {
	id, name string
	planned  []planned
}

// planned is a resource that is written: its text alone, since all that the files have is
// planned before anything is stored.
type planned struct {
	typ, id string
	text    []byte
}

// change creates the resource where it is not there yet.
func (p planned) change() (fhir.Change, error) {
	r, err := fhir.Parse(p.text)
	return fhir.Change{Method: fhir.Create, Type: p.typ, ID: p.id, Resource: r, IfAbsent: true, Expression: p.typ}, err
}

// plan decides what is written of everything.
func (t *taking) plan(in *takeon.Intake) error {
	t.seen = map[string]int{}
	for i := range in.Patients {
		if err := t.patient(&in.Patients[i]); err != nil {
			return err
		}
	}
	// One after the other by day, so that the newest record is of the newest supply.
	sorting.Stably(in.Supplies, func(a, b takeon.Supply) int { return a.On.Compare(b.On.Time) })
	for i := range in.Supplies {
		if err := t.supply(&in.Supplies[i]); err != nil {
			return err
		}
	}
	return nil
}

// add plans a resource that is created where it is not there yet.
func (t *taking) add(p *takenPatient, r *fhir.Resource) (isNew bool, err error) {
	v, err := t.state.Current(r.Type(), r.ID())
	if err != nil || v != nil {
		return false, err
	}
	p.planned = append(p.planned, planned{r.Type(), r.ID(), bytes.Clone(r.JSON())})
	return true, nil
}

// commit stores all, those of several patients together.
func (t *taking) commit(ctx context.Context) error {
	var together []fhir.Change
	done, all := 0, t.size()
	flush := func() error {
		if len(together) == 0 {
			return nil
		}
		_, err := t.s.db.Commit(ctx, &fhir.Transaction{Changes: together, Derived: true, Requester: t.who, Time: t.now})
		if err != nil {
			return fmt.Errorf("%d of %d resources are stored; import the same files again when this is put right: %w", done, all, err)
		}
		done += len(together)
		together = nil
		return nil
	}
	for _, p := range t.order {
		if len(together)+len(p.planned) > commitMost {
			if err := flush(); err != nil {
				return err
			}
		}
		for _, one := range p.planned {
			c, err := one.change()
			if err != nil {
				return err
			}
			together = append(together, c)
		}
		p.planned = nil
	}
	return flush()
}

func (t *taking) size() (n int) {
	for _, p := range t.order {
		n += len(p.planned)
	}
	return n
}

// fail notes what the files say that the server cannot take.
func (t *taking) fail(at takeon.Place, message, expected, found string) {
	t.Findings = append(t.Findings, takeon.Finding{File: at.File, Issue: fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Rule: "TAKE-2", Position: at.At, Message: message, Expected: expected, Found: found}})
}

// times is how often something was there before: the second of two supplies of a day
// that are alike is another one.
func (t *taking) times(key string) string {
	t.seen[key]++
	return strconv.Itoa(t.seen[key])
}
