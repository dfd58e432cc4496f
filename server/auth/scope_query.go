package auth

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// maxConditions is how many conditions the query of a scope may have.
const maxConditions = 8

// constrainable are the types of search parameters that a scope may use: a resource
// by itself decides on each, and for every value that is written in full.
var constrainable = map[string]bool{"token": true, "reference": true, "string": true, "date": true}

var (
	plainValue = regexp.MustCompile(`^[!-~]+$`)
	plainDate  = regexp.MustCompile(`^[0-9][0-9T:.Z-]*$`)
)

// checkQuery refuses the query of a scope that could not be decided as it is
// written: by modifiers, chains, parameters of other kinds, or text that two readers
// could read in two ways.
func checkQuery(typ, query string) error {
	switch {
	case typ == "*":
		return errors.New("a query needs a resource type, whose search parameters it uses")
	case unconfined(typ):
		return fmt.Errorf("this server does not confine %s by a query", typ)
	}
	parts := strings.Split(query, "&")
	if len(parts) > maxConditions {
		return fmt.Errorf("a query has at most %d conditions", maxConditions)
	}
	for _, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		if err := checkCondition(typ, name, value); err != nil {
			return fmt.Errorf("query %q: %w", part, err)
		}
	}
	return nil
}

func checkCondition(typ, name, value string) error {
	if strings.ContainsAny(name, ":.") || strings.HasPrefix(name, "_") {
		return errors.New("expected a search parameter of the type itself, without a modifier and without a chain")
	}
	param := r4.SearchParameter(typ, name)
	if param == nil || !constrainable[param.Type] {
		return fmt.Errorf("%s has no search parameter of this name that is a token, a reference, a string or a date", typ)
	}
	if !plainValue.MatchString(value) || strings.ContainsAny(value, `=%+\?$#"`) {
		return errors.New(`expected a value in full, without = % + \ ? $ # and blanks`)
	}
	for v := range strings.SplitSeq(value, ",") {
		if v == "" || param.Type == "date" && !plainDate.MatchString(v) {
			return errors.New("expected a value that is compared for equality, several with commas between them")
		}
	}
	q, err := search.ParseCondition(typ, name+"="+value, search.Options{})
	if err != nil || len(q.Clauses) != 1 || q.Chained() || q.Clauses[0].Not || q.Clocked {
		return errors.New("this server does not search by it")
	}
	return nil
}

// unconfined are the types of which a part of the resources is not kept in the
// store or is known by more than themselves, so that no query confines them.
func unconfined(typ string) bool {
	return typ == "AuditEvent" || typ == "Binary" || typ == "Bundle" || Definition(typ)
}

// ofPatient reports whether resources of a type are of the compartment of a patient
// as R4 defines it. Types that it does not name are not.
func ofPatient(typ string) bool {
	return typ == "Patient" || !unconfined(typ) && len(r4.CompartmentParams("Patient", typ)) > 0
}

// patientQueries are the queries of which a resource of the compartment of a patient
// meets one. A Patient is of their own compartment alone: what Patient.link leads to
// is another record.
func patientQueries(typ, id string) (queries []string) {
	if typ == "Patient" {
		return []string{search.ID + "=" + id}
	}
	if !ofPatient(typ) {
		return nil
	}
	for _, param := range r4.CompartmentParams("Patient", typ) {
		if r4.SearchParameter(typ, param) != nil {
			queries = append(queries, param+"=Patient/"+id)
		}
	}
	return queries
}
