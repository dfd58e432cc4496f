package days

import "time"

// The pharmacies: that of the server, and another one. The second has one pharmacist
// alone, and is sent nothing that needs two.
const (
	home = "X99PH"
	away = "FA565"
)

// stage is how far a prescription is: EPS business statuses 0001 to 0007.
type stage int

const (
	waiting    stage = iota // 0001
	held                    // 0002: a pharmacy has it
	started                 // 0003: a part was supplied, or is owed
	finished                // 0006 or 0007
	cancelled               // 0005
	cancelling              // cancelled by the prescriber while a pharmacy has it
	expired                 // 0004
)

// fate is what became of an item.
type fate int

const (
	open fate = iota
	supplied
	notSupplied
	itemCancelled
	lapsed
)

// item is an item as it was ordered, and what is true of it.
type item struct {
	number      string
	what        *medicine
	ordered     int
	words, dose string

	fate       fate
	given      int  // handed over, all supplies together
	approved   bool // by a pharmacist, since the last hold
	counted    int  // by a second person, and not handed over yet
	cancelling bool // the prescriber wants it cancelled
	onHold     string
	owing      bool // it was told that the rest is owed
	bagged     bool // it waits to be collected
}

// prescription is what a clinic ordered, and what is true of it.
type prescription struct {
	number, long, kind string
	nominated          string // the pharmacy that the patient chose; "" for none
	signed, notBefore  time.Time
	patient            person
	items              []*item
	text               string // the message

	task     string // its path
	stage    stage
	holder   string // who took it
	original bool   // the paper original is recorded
	standing []supply
	claim    string // the identifier of the pharmacy's own claim
}

// supply is a notification that was not taken back.
type supply struct {
	id    string
	items []given
	text  object // the message that the server wrote
	stage stage  // of the prescription before it
}

// given is what one supply handed over of an item, and what the item was before.
type given struct {
	it     *item
	n      int
	before fate
}

// private reports whether the patient pays: EPS prescription types that begin with 09.
func (p *prescription) private() bool { return p.kind[:2] == "09" }

// pharmacy is the one that supplies it.
func (p *prescription) pharmacy() string {
	if p.nominated == away {
		return away
	}
	return home
}

// appropriate is the later of the day of the signature and a "not before" day.
func (p *prescription) appropriate() time.Time {
	if p.notBefore.After(p.signed) {
		return p.notBefore
	}
	return p.signed
}

// lastDay is the last day on which an item may be supplied: 28 days after the
// appropriate date for Schedules 2 to 4 (MDR 2001 reg. 16), six months for the rest
// (HMR 2012 reg. 217), at the end of a month that is shorter.
func lastDay(appropriate time.Time, fourWeeks bool) time.Time {
	day := midnight(appropriate)
	if fourWeeks {
		return day.AddDate(0, 0, 28)
	}
	y, m, d := day.Date()
	end := time.Date(y, m+7, 0, 0, 0, 0, 0, london)
	if d > end.Day() {
		return end
	}
	return time.Date(y, m+6, d, 0, 0, 0, 0, london)
}

var london, _ = time.LoadLocation("Europe/London")

// midnight is the begin of a day in London.
func midnight(t time.Time) time.Time {
	y, m, d := t.In(london).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, london)
}

// over reports whether an item's time is over today.
func (p *prescription) over(it *item) bool {
	return midnight(time.Now()).After(lastDay(p.appropriate(), it.what.fourWeeks()))
}

// lapse is what time has done to a prescription: items that are over, and the
// prescription with the last of them. The commit that stores it does so by itself.
func (p *prescription) lapse() {
	for _, it := range p.items {
		if it.fate == open && p.over(it) {
			it.fate = lapsed
		}
	}
	if p.outstanding() == nil && p.stage == waiting {
		p.stage = expired
	}
}

// outstanding are the items of which something may still be supplied.
func (p *prescription) outstanding() (list []*item) {
	for _, it := range p.items {
		if it.fate == open {
			list = append(list, it)
		}
	}
	return list
}

// settle is what a supply makes of the prescription.
func (p *prescription) settle() {
	if p.outstanding() == nil {
		p.stage = finished
	} else if p.stage == held {
		p.stage = started
	}
}

// any is the first item that fits, nil for none.
func (p *prescription) any(fits func(*item) bool) *item {
	for _, it := range p.items {
		if it.fate == open && fits(it) {
			return it
		}
	}
	return nil
}

// ready reports whether nothing is in the way of the supply of an item: what the law
// and the pharmacy's policy want before it has been done.
func (p *prescription) ready(it *item, n int) bool {
	w := it.what
	return it.onHold == "" && !it.bagged && !it.cancelling && (!w.controlled() || it.approved) && (!w.counted() || it.counted == n) && (!w.onPaper() || !p.private() || p.original)
}
