package dispensing

import (
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/patch"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
)

// patches are those of an element in each format: Task.status becomes completed, the first
// input of the Task is removed, a supply becomes one of 1.
var patches = map[string]map[string]string{
	"status": {
		"json":     `[{"op":"replace","path":"/status","value":"completed"}]`,
		"merge":    `{"status":"completed"}`,
		"fhirpath": `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Task.status"},{"name":"value","valueCode":"completed"}]}]}`,
		"xml":      `<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Task/f:status/@value">completed</replace></diff>`,
	},
	"input": {
		"json":     `[{"op":"remove","path":"/input/0"}]`,
		"merge":    `{"input":null}`,
		"fhirpath": `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Task.input[0]"}]}]}`,
		"xml":      `<diff xmlns:f="http://hl7.org/fhir"><remove sel="f:Task/f:input[1]"/></diff>`,
	},
	"quantity": {
		"json":     `[{"op":"replace","path":"/quantity/value","value":1}]`,
		"merge":    `{"quantity":{"value":1}}`,
		"fhirpath": `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"MedicationDispense.quantity.value"},{"name":"value","valueDecimal":1}]}]}`,
		"xml":      `<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:MedicationDispense/f:quantity/f:value/@value">1</replace></diff>`,
	},
	"whole": { // read as XML, changed, and put back as XML
		"xml": "",
	},
}

// patch changes an element by hand, as a PATCH in one of the formats does, or a PUT of XML.
func (st *stage) patch(s epstest.Script, format, element string) error {
	typ, id := "Task", st.execution(s.Order).version.ID
	if element == "quantity" {
		typ, id = "MedicationDispense", st.find("MedicationDispense", "status=completed")[0].ID()
	}
	v, err := st.db.State(st.ctx).Current(typ, id)
	require.NoError(st.t, err)
	was, err := v.Resource()
	require.NoError(st.t, err)
	var after *fhir.Resource
	switch text := patches[element][format]; {
	case element == "whole":
		text, err := xml.Encode(was)
		require.NoError(st.t, err)
		after, err = xml.Decode(text)
		require.NoError(st.t, err)
		after = fhir.Revise(after, "status", "completed")
	case format == "json":
		after, err = patch.JSON(was, []byte(text))
	case format == "merge":
		after, err = patch.Merge(was, []byte(text))
	case format == "xml":
		after, err = patch.XML(was, []byte(text))
	default:
		params, parsed := fhir.Parse([]byte(text))
		require.NoError(st.t, parsed)
		after, err = patch.FHIRPath(st.ctx, was, params)
	}
	require.NoError(st.t, err)
	require.False(st.t, after.Root().SameAs(was.Root()), "the patch changes something")
	_, err = st.db.Commit(st.ctx, &fhir.Transaction{Time: st.now, Changes: []fhir.Change{{Method: fhir.Update, Type: typ, ID: id, Resource: after, IfMatch: v.VersionID}}})
	return err
}
