package duties

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/person"
)

//go:embed accounts.tsv
var builtinAccounts []byte

// Accounts says by how many people an account must be confirmed that was made in a way,
// before it may be one of the two people of a duty.
type Accounts map[string]int

// BuiltinAccounts is the table that the program carries.
func BuiltinAccounts() (Accounts, error) { return ParseAccounts("accounts.tsv", builtinAccounts) }

// waysOfAccounts are the ways in which an account is made.
var waysOfAccounts = []string{"person", "program", "machine", "provider", "unknown"}

// ParseAccounts reads a table. The error names every line that is not valid, and every
// way that has none.
func ParseAccounts(name string, text []byte) (Accounts, error) {
	a := Accounts{}
	var problems []error
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 || f[2] == "" || !slices.Contains(waysOfAccounts, f[0]) {
			problems = append(problems, fmt.Errorf("%s:%d: expected one of %s, by how many, and a source, separated by tabs; found %q", name, i+1, strings.Join(waysOfAccounts, ", "), line))
			continue
		}
		n, err := strconv.Atoi(f[1])
		if _, twice := a[f[0]]; err != nil || n < 0 || n > 9 || twice {
			problems = append(problems, fmt.Errorf("%s:%d: expected a number from 0 to 9, and each way once; found %q", name, i+1, line))
		}
		a[f[0]] = n
	}
	for _, way := range waysOfAccounts {
		if _, said := a[way]; !said {
			problems = append(problems, fmt.Errorf("%s: nothing is said of accounts that are made by: %s", name, way))
		}
	}
	return a, errors.Join(problems...)
}

// Needs is by how many people an account must be confirmed; one that was made in a way
// that the table does not know, as one of which it is not known.
func (a Accounts) Needs(way string) int {
	if n, ok := a[way]; ok {
		return n
	}
	return a["unknown"]
}

// together adds to the names of a person those of other accounts of theirs.
func (t *Table) together(names []string) []string {
	if t.Joined == nil {
		return names
	}
	groups := t.Joined()
	for added := true; added; {
		added = false
		for i, group := range groups {
			of := make([]string, len(group))
			for k, account := range group {
				of[k] = person.Name(account, t.Own)
			}
			if slices.ContainsFunc(of, func(name string) bool {
				return slices.ContainsFunc(names, func(n string) bool { return n == name || value(name) == n || name == value(n) })
			}) {
				names, groups, added = append(names, of...), slices.Delete(slices.Clone(groups), i, i+1), true
				break
			}
		}
	}
	return names
}

// confirmed refuses a duty between two people of whom one has an account that is not
// confirmed yet: it may be a second one of the other.
func (t *Table) confirmed(d Duty, about string, names ...[]string) error {
	if t.Unconfirmed == nil {
		return nil
	}
	for _, account := range t.Unconfirmed() {
		name := person.Name(account, t.Own)
		for _, of := range names {
			if slices.ContainsFunc(of, func(n string) bool { return n == name || value(name) == n }) {
				return unconfirmed(d.Act+" "+about, account)
			}
		}
	}
	return nil
}

func unconfirmed(act, account string) error {
	return fhir.E("duty", fhir.Forbidden, fhir.Issue{Rule: "second-person-account", Message: "This needs two people, and nobody but who made this account has confirmed whose it is: " + strings.TrimSpace(act) + ".",
		Found: account, Expected: "accounts that a second administrator has confirmed", Fix: "Have another administrator meet the person and confirm the account: pestle user confirm."})
}
