package terminology

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// The kinds of parameters: what R4 declares, and the primitive types that
// clients write in its place.
var (
	uriKinds       = []string{"valueUri", "valueCanonical", "valueUrl", "valueString"}
	canonicalKinds = []string{"valueCanonical", "valueUri", "valueUrl", "valueString"}
	textKinds      = []string{"valueString", "valueCode", "valueUri"}
	codeKinds      = []string{"valueCode", "valueString"}
	flagKinds      = []string{"valueBoolean"}
	countKinds     = []string{"valueInteger", "valueUnsignedInt", "valuePositiveInt"}
	timeKinds      = []string{"valueDateTime", "valueDate", "valueInstant", "valueString"}
)

func takes(name string, kinds []string, doc string) fhir.Parameter {
	return fhir.Parameter{Name: name, Kinds: kinds, Doc: doc}
}

func repeats(p fhir.Parameter) fhir.Parameter {
	p.Repeated = true
	return p
}

func requires(p fhir.Parameter) fhir.Parameter {
	p.Required = true
	return p
}

// refuses is a parameter that R4 defines and this server does not act on.
func refuses(p fhir.Parameter, why string) fhir.Parameter {
	p.Unsupported = why
	return p
}

const (
	noContext = "value sets are named by url or carried."
	noDate    = "answers are as of now."
)

var (
	dateInput     = refuses(takes("date", timeKinds, "The date as of which to answer."), noDate)
	contextInput  = refuses(takes("context", uriKinds, "The element whose value set is meant."), noContext)
	languageInput = takes("displayLanguage", codeKinds, "The language of displays: a tag of BCP 47, such as en-GB.")
	codingInput   = takes("coding", []string{"valueCoding"}, "The code as a Coding.")
	conceptInput  = takes("codeableConcept", []string{"valueCodeableConcept"}, "The codes as a CodeableConcept.")
	codeInput     = takes("code", codeKinds, "The code. It goes with system.")
	systemInput   = takes("system", uriKinds, "The code system of code.")
	displayInput  = takes("display", textKinds, "The display to check.")
	versionInput  = takes("version", textKinds, "The version of the code system.")
	abstractInput = takes("abstract", flagKinds, "Whether a code that only groups others is good.")

	txInput            = repeats(takes("tx-resource", []string{"ValueSet", "CodeSystem", "ConceptMap"}, "A definition to use beside, and before, those of the server. It is read as far as it is understood."))
	cacheInput         = takes("cache-id", textKinds, "A name of the client for its definitions. Nothing is kept: they are sent with each call.")
	systemVersionInput = repeats(takes("system-version", canonicalKinds, "The version of a code system, url|version, where nobody names one. A part of it may be x."))
	checkVersionInput  = repeats(takes("check-system-version", canonicalKinds, "The version of a code system, url|version, that has to be used."))
	forceVersionInput  = repeats(takes("force-system-version", canonicalKinds, "The version of a code system, url|version, to use in any case."))
	setVersionInput    = repeats(takes("default-valueset-version", canonicalKinds, "The version of a value set, url|version, that others include without one."))
	supplementInput    = repeats(takes("useSupplement", canonicalKinds, "A code system supplement that has to be used."))
	lenientInput       = takes("lenient-display-validation", flagKinds, "Whether a wrong display is a warning only.")
	membershipInput    = takes("valueset-membership-only", flagKinds, "Whether to say only if the code is in the value set.")
	inferInput         = takes("inferSystem", flagKinds, "Whether the system of a code follows from the value set; it does in any case.")
	activeInput        = takes("activeOnly", flagKinds, "Whether codes that are out of use are wrong.")

	// which are the parameters that name the value set, code system or map of a
	// call; one that is invoked on a resource does not take them.
	whichSet = []fhir.Parameter{takes("url", uriKinds, "The canonical of the value set."), takes("valueSet", []string{"ValueSet"}, "The value set itself. It may be the body."),
		takes("valueSetVersion", textKinds, "The version of the value set."), contextInput}
	whichSystem = []fhir.Parameter{takes("url", uriKinds, "The canonical of the code system."), takes("codeSystem", []string{"CodeSystem"}, "The code system itself. It may be the body.")}
	whichMap    = []fhir.Parameter{takes("url", uriKinds, "The canonical of the concept map."), takes("conceptMap", []string{"ConceptMap"}, "The concept map itself. It may be the body."),
		takes("conceptMapVersion", textKinds, "The version of the concept map.")}

	expandInputs = []fhir.Parameter{
		takes("filter", textKinds, "Words that the displays begin with."), takes("offset", countKinds, "Where the page begins."), takes("count", countKinds, "How many codes a page has; 0 for the total alone."),
		takes("includeDesignations", flagKinds, "Whether to return other names."), repeats(takes("designation", textKinds, "Which other names: a language, or system|code of a use.")),
		takes("includeDefinition", flagKinds, "Whether to return the definition too."), takes("activeOnly", flagKinds, "Whether to leave out codes that are out of use."),
		takes("excludeNested", flagKinds, "Expansions are flat in any case."), takes("excludeNotForUI", flagKinds, "Whether to leave out codes that cannot be chosen."),
		takes("excludePostCoordinated", flagKinds, "Expansions have no post-coordinated codes in any case."), languageInput,
		repeats(takes("exclude-system", canonicalKinds, "A code system to leave out.")), dateInput,
		refuses(takes("contextDirection", codeKinds, "Whether the context is read or written."), noContext),
		repeats(takes("property", textKinds, "A property of the codes to return, as extensions of R5's.")),
		txInput, cacheInput, systemVersionInput, checkVersionInput, forceVersionInput, setVersionInput, supplementInput,
	}
	setInputs = []fhir.Parameter{codeInput, systemInput, takes("systemVersion", textKinds, "The version of the code system."), displayInput, codingInput, conceptInput, dateInput, abstractInput, languageInput,
		lenientInput, membershipInput, inferInput, activeInput, txInput, cacheInput, systemVersionInput, checkVersionInput, forceVersionInput, setVersionInput, supplementInput}
	memberInputs = []fhir.Parameter{codeInput, systemInput, versionInput, displayInput, codingInput, conceptInput, dateInput, abstractInput, languageInput,
		lenientInput, activeInput, txInput, cacheInput, systemVersionInput, checkVersionInput, forceVersionInput, supplementInput}
	lookupInputs = []fhir.Parameter{codeInput, systemInput, versionInput, codingInput, dateInput, languageInput, repeats(takes("property", codeKinds, "A property to return. By default all.")), txInput, cacheInput, systemVersionInput, forceVersionInput, supplementInput}
	pairInputs   = []fhir.Parameter{takes("codeA", codeKinds, "The first code."), takes("codeB", codeKinds, "The second code."),
		takes("codingA", []string{"valueCoding"}, "The first code as a Coding."), takes("codingB", []string{"valueCoding"}, "The second code as a Coding."), txInput, cacheInput, systemVersionInput, forceVersionInput}
	mapInputs = []fhir.Parameter{codeInput, systemInput, versionInput, takes("source", uriKinds, "The value set that the code is of."), codingInput, conceptInput,
		takes("target", uriKinds, "The value set to map to."), takes("targetsystem", uriKinds, "The code system to map to."),
		repeats(fhir.Parameter{Name: "dependency", Kinds: []string{"part"}, Doc: "The value of another element that the mapping depends on.", Parts: []fhir.Parameter{
			requires(takes("element", uriKinds, "The element.")), requires(takes("concept", []string{"valueCodeableConcept"}, "Its value."))}}),
		takes("reverse", flagKinds, "Whether to map from the target to the source."), txInput, cacheInput}
	closureInputs = []fhir.Parameter{requires(takes("name", textKinds, "The name of the table.")), repeats(takes("concept", []string{"valueCoding"}, "A code to add.")),
		takes("version", textKinds, "The version since which to read the table.")}
)

// inputsOn are the parameters of an operation on a level: url and its like on
// that of the type alone.
func inputsOn(instance bool, which, rest []fhir.Parameter) []fhir.Parameter {
	if instance {
		return rest
	}
	return slices.Concat(which, rest)
}
