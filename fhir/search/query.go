package search

import (
	"net/url"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// The parameters with a meaning to the store.
const (
	ID          = "_id"          // logical ids, in Clause.IDs; not indexed by an entry
	LastUpdated = "_lastUpdated" // entry added by the store: InstantKey(time of the version)
	Every       = "_every"       // entry added by the store: EveryKey, while the resource stands
)

// EveryKey is the key of the one entry that each undeleted resource has under
// the parameter [Every]; its rows list the resources of a type in the order of
// creation.
var EveryKey = []byte{0}

// Entry is one indexed value of a resource: the code of a search parameter
// ("identifier", "subject:identifier") and a key whose bytes sort as values do.
// Keys are at most [MaxKey] bytes and no key is a prefix of another one of the
// same parameter.
type Entry struct {
	Param string
	Key   []byte
}

// Range is the half-open interval [Lo, Hi) of keys. Where Exact is set it holds
// the one key Lo, so that a store can read its resources in their order. Where
// Few is set it holds few keys, such as one code in several systems.
type Range struct {
	Lo, Hi     []byte
	Exact, Few bool
	// Match further filters the keys in the range; nil for all of them.
	Match func(key []byte) bool
}

// Holds reports whether the range has the key.
func (r *Range) Holds(key []byte) bool {
	return string(key) >= string(r.Lo) && string(key) < string(r.Hi) && (r.Match == nil || r.Match(key))
}

// Clause is one condition of a query, on the entries of one parameter.
type Clause struct {
	Param  string
	Ranges []Range  // any of them
	IDs    []string // for the parameter ID: any of them
	// Chain asks, for a reference parameter, for resources that refer to one
	// that meets a query of its own: any of them.
	Chain []Chain
	// Has asks for resources that another one refers to: any of them.
	Has []Has
	// Any asks for resources that meet all clauses of one of its lists; the clause
	// has nothing else then but Not.
	Any [][]Clause
	// Not turns the clause round: resources without such an entry.
	Not bool
}

// Chain is a chained condition: the reference parameter of the clause leads to
// a resource of Type that meets the clause.
type Chain struct {
	Type   string
	Clause Clause
}

// Has is a reverse chain: a resource of Type that meets the clause refers by
// its parameter Ref to the resource that is looked for.
type Has struct {
	Type, Ref string
	Clause    Clause
}

// Holds reports whether a resource with these entries meets the clause. It
// knows nothing of chains.
func (c *Clause) Holds(id string, entries []Entry) bool {
	return c.anyOf(id, entries) != c.Not
}

func (c *Clause) anyOf(id string, entries []Entry) bool {
	if c.Any != nil {
		return slices.ContainsFunc(c.Any, func(all []Clause) bool {
			return !slices.ContainsFunc(all, func(inner Clause) bool { return !inner.Holds(id, entries) })
		})
	}
	for _, want := range c.IDs {
		if want == id {
			return true
		}
	}
	for i := range entries {
		if entries[i].Param != c.Param {
			continue
		}
		for k := range c.Ranges {
			if c.Ranges[k].Holds(entries[i].Key) {
				return true
			}
		}
	}
	return false
}

// Chained reports whether the clause looks at other resources than those that it
// selects.
func (c Clause) Chained() bool {
	return len(c.Chain)+len(c.Has) > 0 || slices.ContainsFunc(c.Any, func(all []Clause) bool { return slices.ContainsFunc(all, Clause.Chained) })
}

// Chained reports whether the query looks at other resources than those that it
// finds: it has a chain or a reverse chain.
func (q *Query) Chained() bool {
	return slices.ContainsFunc(q.Clauses, Clause.Chained)
}

// Include is one _include or _revinclude: the resources that Param of a
// matching Source refers to, or (reverse) the Sources whose Param refers to a
// match.
type Include struct {
	Source  string // resource type that holds the reference, "" for any
	Param   string // code of a reference parameter, "*" for all of Source
	Target  string // type of what is referred to, "" for any
	Iterate bool   // also from what was included
}

// Sort is one sort key. The parameters are ID, LastUpdated and those of the
// resource type; resources without a value come last.
type Sort struct {
	Param      string
	Descending bool
	// Chain is set where Param is a reference and the resources are in the order of what
	// it leads to.
	Chain *SortChain
}

// SortChain is a sort key of the resources that a reference leads to.
type SortChain struct {
	Type string
	Sort Sort // in the direction of the whole
}

// Total says how carefully to count: https://hl7.org/fhir/R4/search.html#total
type Total string

// The values of _total. Unset counts where it is cheap.
const (
	TotalNone     Total = "none"
	TotalEstimate Total = "estimate"
	TotalAccurate Total = "accurate"
)

// Summary is the value of _summary, "" where it was not given.
type Summary string

// The values of _summary.
const (
	SummaryTrue  Summary = "true"
	SummaryText  Summary = "text"
	SummaryData  Summary = "data"
	SummaryCount Summary = "count"
	SummaryFalse Summary = "false"
)

// Query is a search on one resource type.
type Query struct {
	Type       string
	Clauses    []Clause // all of them
	Sort       []Sort   // in order of weight; none for the order of creation
	Count      int      // page size; 0 asks for the total only
	Include    []Include
	RevInclude []Include
	Total      Total
	Summary    Summary
	Explain    bool // how it was answered is asked for
	Elements   []string
	Page       Page      // where to begin; zero for the first page
	Before     time.Time // the state before this time (_at); zero for now
	Own        Own       // which absolute references are to this server; nil leaves it to the store
	Clocked    bool      // it depends on Options.Now
	Within     *Compartment

	stored []string   // the names of the entries of stored SearchParameters that it asks for
	given  url.Values // the parameters that were understood, for the self link
}

// Self is the query as it was understood, without the page: what the self link
// says, and with a page token the next link.
func (q *Query) Self() url.Values {
	out := make(url.Values, len(q.given))
	for name, values := range q.given {
		out[name] = append([]string(nil), values...)
	}
	return out
}

// Page is a place in the results of a query as of a sequence.
type Page struct {
	AsOf  fhir.Seq // the state that the query is asked of; 0 for now
	After []byte   // the last place given out, in the store's own terms; nil at the start
}

// Result is one page of what a query found.
type Result struct {
	Matches  []*fhir.Version
	Included []*fhir.Version // _include and _revinclude, each once and never also a match
	Total    int             // matches on all pages, -1 when not counted
	AsOf     fhir.Seq
	Next     *Page // nil on the last page
	Previous *Page // nil on the first page
	Last     *Page // nil where the total is not known, or there is one page
	// Explain says how the matches were found: the names of parameters, without what is
	// looked for. nil where nobody knows.
	Explain func() string
	// Steps are what was done for the page, in order, where the query asked for it; Limited
	// says that the principal sees a part of the resources, and so may not be told what
	// the search went through.
	Steps   []Step
	Limited bool
}

// Step is a part of the work on an answer.
type Step struct {
	Name string        // plan, matches, total, included
	Rows int           // of the database that were gone through
	Time time.Duration // by the clock of the database
}
