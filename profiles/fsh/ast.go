package fsh

// entity is one declaration: a profile, an extension, a value set …
type entity struct {
	kind  string // Profile, Extension, Invariant, RuleSet, ValueSet, CodeSystem
	name  string
	at    token
	file  string
	meta  map[string]string // Parent, Id, Title, Description, Expression, Severity, Context
	rules []rule
	// of a RuleSet with parameters: their names and the unread tokens of its rules
	params []string
	body   []token
}

// rule is one line that begins with *.
type rule struct {
	at    token
	file  string
	kind  ruleKind
	paths []string // "" for the entity itself

	card     string      // cardinality, flags and contains
	flags    []string    // MS SU ?!
	valueSet string      // from
	strength string      // from
	types    []typeRule  // only
	value    *value      // = and ^ =
	exactly  bool        // =
	caret    string      // ^path
	items    []item      // contains
	obeys    []string    // obeys
	include  *selection  // value set rules
	concept  *conceptRow // code system and value set rules
}

type ruleKind uint8

const (
	cardRule ruleKind = iota
	flagRule
	bindRule
	onlyRule
	assignRule
	containsRule
	obeysRule
	caretRule
	selectRule
	conceptRule
)

// typeRule is one type of an only rule; targets are those of Reference(…),
// Canonical(…) or CodeableReference(…).
type typeRule struct {
	name    string
	targets []string
}

// item is one slice of a contains rule: type is an extension's name or
// canonical, slice the name it gets.
type item struct {
	typ, slice, card string
	flags            []string
}

// value is the right side of an assignment.
type value struct {
	kind valueKind
	text string // string, number, boolean, canonical, name
	code coding
	unit coding // quantity
}

type valueKind uint8

const (
	stringValue valueKind = iota
	codeValue
	numberValue
	booleanValue
	quantityValue
	referenceValue
)

type coding struct{ system, version, code, display string }

// selection is an include or exclude of a value set.
type selection struct {
	exclude   bool
	system    string // may carry |version
	valueSets []string
	filters   []filter
}

type filter struct{ property, op, value string }

// conceptRow is a concept: of a code system its path of codes from the root
// down, of a value set one coding.
type conceptRow struct {
	exclude             bool
	codes               []coding
	display, definition string
}
