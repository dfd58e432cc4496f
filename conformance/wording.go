package conformance

import (
	"regexp"

	"github.com/pestle-fhir/pestle/fhir"
)

// ruleURL is the extension that names the rule of an issue.
const ruleURL = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id"

// hideWording takes out what issues say whose rule is named: how the rules of
// the validator and the parsers are worded is held where the rules are. Of a
// script's response, the rule, the code and the place count.
func hideWording(body []byte) []byte {
	r, err := fhir.Parse(body)
	if err != nil {
		return xmlWording.ReplaceAll(body, []byte("${1}{wording}${2}"))
	}
	edit := fhir.NewEdit(r)
	for i := range r.Nodes() {
		n := r.Node(i)
		if n.Name() == "diagnostics" && named(n.Parent()) {
			edit.ReplaceString(n, "{wording}")
		}
	}
	return edit.JSON()
}

func named(issue fhir.Node) bool {
	for extension := range issue.Get("extension").Items() {
		if extension.Get("url").Text() == ruleURL {
			return true
		}
	}
	return false
}

var xmlWording = regexp.MustCompile(`(` + regexp.QuoteMeta(ruleURL) + `"><valueString value="[^"]*"/></extension><severity value="\w+"/><code value="[\w-]+"/><diagnostics value=")[^"]*(")`)
