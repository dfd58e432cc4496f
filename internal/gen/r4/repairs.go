package main

import "regexp"

// The published definitions hold a few facts that contradict their own text.
// They are put right here, so that everyone who reads the tables gets what was
// meant.

// repaired gives the expression of an invariant as it was meant.
func repaired(key, expression string) string {
	switch key {
	case "que-12": // says "more than one", and asks for more than two
		return "enableWhen.count() > 1 implies enableBehavior.exists()"
	case "que-7": // the value is a FHIR boolean, not the Boolean of FHIRPath
		return "operator = 'exists' implies (answer is boolean)"
	}
	// The patterns describe the whole name or path, but matches() looks for
	// them anywhere in it.
	return unanchored.ReplaceAllString(expression, "matches('^(?:$1)$$')")
}

var unanchored = regexp.MustCompile(`matches\('([^^'](?:[^'\\]|\\.)*)'\)`)

// furtherContexts are places where the specification itself uses an extension
// whose definition does not name them.
var furtherContexts = map[string]string{
	canonicalBase + "structuredefinition-fhir-type": "ElementDefinition.type",
	canonicalBase + "regex":                         "ElementDefinition.type",
}
